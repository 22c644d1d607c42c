//! The sentences about invitations.

/// The sentences of one language.
#[expect(missing_docs, reason = "each name says where it stands")]
pub struct InvitationTexts {
    pub title: &'static str,
    pub is_for: &'static str,
    pub accept: &'static str,
    pub accept_by: &'static str,
    pub by_password: &'static str,
    pub password_rules: &'static str,
    pub other: &'static str,
    pub stay: &'static str,
    pub over_title: &'static str,
    pub(super) reasons: &'static [(&'static str, &'static str)],
}

pub(super) static EN: InvitationTexts = InvitationTexts {
    title: "Invitation to",
    is_for: "This invitation is for",
    accept: "Accept and sign in",
    accept_by: "Accept and sign in with",
    by_password: "Accept and sign in by password",
    password_rules: "10 to 256 characters, and nothing that is easy to guess. Not your name or address, not your organisation's name.",
    other: "Go on as the invited person, or stay who you are here.",
    stay: "Stay signed in as you are",
    over_title: "This invitation cannot be accepted",
    reasons: &[
        (
            "invitation_unknown",
            "We do not know this invitation. Perhaps a newer e-mail came after this one: its link is the one that counts.",
        ),
        ("invitation_expired", "This invitation is too old. Please ask your administrator to send it again."),
        ("invitation_revoked", "This invitation was taken back. Please ask your administrator."),
        ("invitation_accepted", "This invitation was accepted already. You can simply sign in."),
        (
            "invitation_email_mismatch",
            "You signed in with another address than the invited one. Open the link in the e-mail again, and sign in with the invited address.",
        ),
        (
            "invitation_connection_mismatch",
            "This invitation is accepted by another way of signing in. Please open its link again.",
        ),
        (
            "invitation_not_covered",
            "Who invited you may not do so any more. Please ask your administrator to send the invitation again.",
        ),
        ("invitation_link_needed", "You were invited by e-mail. Please open the link in it."),
        (
            "invitation_way_closed",
            "You cannot choose a password here. Please open the link in the e-mail again, and sign in as it says.",
        ),
        (
            "invitation_password_needed",
            "This password was set before the address was known to be yours. Please open the link of the invitation again, and choose a new one.",
        ),
        ("external_id_taken", "Somebody else is known by the same number already. Please ask your administrator."),
    ],
};

pub(super) static DE: InvitationTexts = InvitationTexts {
    title: "Einladung zu",
    is_for: "Diese Einladung ist für",
    accept: "Annehmen und anmelden",
    accept_by: "Annehmen und anmelden mit",
    by_password: "Annehmen und mit Passwort anmelden",
    password_rules: "10 bis 256 Zeichen, und nichts, was leicht zu erraten ist. Nicht Ihr Name oder Ihre Adresse, nicht der Name Ihrer Organisation.",
    other: "Machen Sie als die eingeladene Person weiter, oder bleiben Sie hier, wer Sie sind.",
    stay: "Angemeldet bleiben, wie Sie sind",
    over_title: "Diese Einladung lässt sich nicht annehmen",
    reasons: &[
        (
            "invitation_unknown",
            "Diese Einladung kennen wir nicht. Vielleicht kam nach dieser E-Mail eine neuere: Deren Link gilt.",
        ),
        (
            "invitation_expired",
            "Diese Einladung ist zu alt. Bitte lassen Sie sie sich von Ihrer Administration noch einmal senden.",
        ),
        ("invitation_revoked", "Diese Einladung wurde zurückgenommen. Bitte wenden Sie sich an Ihre Administration."),
        ("invitation_accepted", "Diese Einladung wurde schon angenommen. Sie können sich einfach anmelden."),
        (
            "invitation_email_mismatch",
            "Sie haben sich mit einer anderen Adresse angemeldet als der eingeladenen. Öffnen Sie den Link in der E-Mail noch einmal, und melden Sie sich mit der eingeladenen Adresse an.",
        ),
        (
            "invitation_connection_mismatch",
            "Diese Einladung wird auf einem anderen Anmeldeweg angenommen. Bitte öffnen Sie ihren Link noch einmal.",
        ),
        (
            "invitation_not_covered",
            "Wer Sie eingeladen hat, darf das nicht mehr. Bitte lassen Sie sich die Einladung von Ihrer Administration noch einmal senden.",
        ),
        ("invitation_link_needed", "Sie wurden per E-Mail eingeladen. Bitte öffnen Sie den Link darin."),
        (
            "invitation_way_closed",
            "Hier können Sie kein Passwort wählen. Bitte öffnen Sie den Link in der E-Mail noch einmal, und melden Sie sich an, wie es dort steht.",
        ),
        (
            "invitation_password_needed",
            "Dieses Passwort wurde gesetzt, bevor feststand, dass die Adresse Ihre ist. Bitte öffnen Sie den Link der Einladung noch einmal, und wählen Sie ein neues.",
        ),
        (
            "external_id_taken",
            "Jemand anderes ist schon unter derselben Nummer bekannt. Bitte wenden Sie sich an Ihre Administration.",
        ),
    ],
};
