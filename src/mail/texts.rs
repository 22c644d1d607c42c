//! The text catalogue of letters: every sentence, English and German. `{…}` is filled by `words`.

use crate::model::delivery::Language;

/// The sentences of one letter.
pub(super) struct Sentences {
    pub subject: &'static str,
    /// Before the button.
    pub lines: &'static [&'static str],
    pub button: Option<&'static str>,
    /// After it.
    pub after: &'static [&'static str],
}

/// The sentences of one language.
pub(super) struct Texts {
    pub lang: &'static str,
    /// How a time is written.
    pub time: &'static str,
    pub or_copy: &'static str,
    pub automatic: &'static str,
    pub unread: &'static str,
    pub support: &'static str,
    pub invitation: Sentences,
    pub invitation_by: Sentences,
    pub verify_address: Sentences,
    pub change_address: Sentences,
    pub address_changed: Sentences,
    pub reset_password: Sentences,
    pub certificate_expires: Sentences,
    pub secret_expires: Sentences,
    pub sso_enforced: Sentences,
    pub sso_enforced_by: Sentences,
    pub sso_lifted: Sentences,
    pub sso_lifted_by: Sentences,
    pub sso_went_back: Sentences,
    pub break_glass_codes_made: Sentences,
    pub break_glass_used: Sentences,
}

/// The catalogue of a language.
pub(super) fn texts(language: Language) -> &'static Texts {
    match language {
        Language::English => &EN,
        Language::German => &DE,
    }
}

static EN: Texts = Texts {
    lang: "en",
    time: "%-d %B %Y, %H:%M UTC",
    or_copy: "Or copy this address into your browser:",
    automatic: "This e-mail was sent by the sign-in service of {tenant}.",
    unread: "Answers are not read.",
    support: "Questions? Write to {support}.",
    invitation: Sentences {
        subject: "Invitation to {tenant}",
        lines: &["You are invited to join {tenant}.", "The invitation is valid until {when}."],
        button: Some("Open the invitation"),
        after: &["If you did not expect an invitation, you need not do anything."],
    },
    invitation_by: Sentences {
        subject: "Invitation to {tenant}",
        lines: &["{by} invites you to join {tenant}.", "The invitation is valid until {when}."],
        button: Some("Open the invitation"),
        after: &["If you did not expect an invitation, you need not do anything."],
    },
    verify_address: Sentences {
        subject: "{tenant}: confirm your e-mail address",
        lines: &[
            "Somebody, probably you, is signing in to {tenant} with this address.",
            "Please confirm that it is yours. The link is valid until {when}.",
        ],
        button: Some("Confirm the address"),
        after: &["If you are not signing in, do not open the link."],
    },
    change_address: Sentences {
        subject: "{tenant}: confirm your new e-mail address",
        lines: &[
            "This is to become the address of an account at {tenant}.",
            "Please confirm that it is yours. The link is valid until {when}.",
        ],
        button: Some("Confirm the address"),
        after: &["If you did not ask for this, do not open the link."],
    },
    address_changed: Sentences {
        subject: "{tenant}: your e-mail address was changed",
        lines: &["The address of your account at {tenant} is {address} now; our e-mails will go there."],
        button: None,
        after: &["If you did not change it, tell your administrator at once."],
    },
    reset_password: Sentences {
        subject: "{tenant}: choose a new password",
        lines: &[
            "Somebody, probably you, asked for a new password for your account at {tenant}.",
            "The link is valid until {when}, once.",
        ],
        button: Some("Choose a new password"),
        after: &["If it was not you, you need not do anything: your password stays as it is."],
    },
    certificate_expires: Sentences {
        subject: "{tenant}: a certificate of a connection expires",
        lines: &[
            "A certificate of the connection {connection} of {tenant} is valid until {when}; days left: {days}.",
            "Afterwards nobody can sign in by this connection. Please renew it in time.",
        ],
        button: None,
        after: &[],
    },
    secret_expires: Sentences {
        subject: "{tenant}: the client secret of a connection expires",
        lines: &[
            "The client secret of the connection {connection} of {tenant} is valid until {when}; days left: {days}.",
            "Afterwards nobody can sign in by this connection. Please make a new one at the identity provider in time.",
        ],
        button: None,
        after: &[],
    },
    sso_enforced: Sentences {
        subject: "{tenant}: sign-in by password is switched off",
        lines: &[
            "Single sign-on is enforced at {tenant} now: people sign in by your identity provider only.",
            "This goes back by itself on {when}, unless an administrator signs in by the identity provider once more before.",
        ],
        button: None,
        after: &["If this is a mistake, an administrator can take it back at any time."],
    },
    sso_enforced_by: Sentences {
        subject: "{tenant}: sign-in by password is switched off",
        lines: &[
            "{by} has enforced single sign-on at {tenant}: people sign in by your identity provider only.",
            "This goes back by itself on {when}, unless an administrator signs in by the identity provider once more before.",
        ],
        button: None,
        after: &["If this is a mistake, an administrator can take it back at any time."],
    },
    sso_lifted: Sentences {
        subject: "{tenant}: passwords sign people in again",
        lines: &["Single sign-on is not enforced at {tenant} any more: passwords sign people in again."],
        button: None,
        after: &["If none of you expected this, find out in the audit log who did it."],
    },
    sso_lifted_by: Sentences {
        subject: "{tenant}: passwords sign people in again",
        lines: &["{by} no longer enforces single sign-on at {tenant}: passwords sign people in again."],
        button: None,
        after: &["If none of you expected this, enforce it again, and find out whose login that was."],
    },
    sso_went_back: Sentences {
        subject: "{tenant}: sign-in by password is possible again",
        lines: &[
            "Single sign-on was enforced at {tenant}, and no administrator signed in by the identity provider to confirm it.",
            "So it is no longer enforced: people sign in as before.",
        ],
        button: None,
        after: &["Try the connection before you enforce it again."],
    },
    break_glass_codes_made: Sentences {
        subject: "{tenant}: new break-glass codes were made",
        lines: &["{by} made break-glass codes for {tenant}. Each signs them in once without the identity provider."],
        button: None,
        after: &["If none of you expected this, withdraw the codes at once."],
    },
    break_glass_used: Sentences {
        subject: "{tenant}: somebody signed in by a break-glass code",
        lines: &["A break-glass code of {by} was used to sign in to {tenant} on {when}."],
        button: None,
        after: &["If none of you did this, end the session and make new codes at once."],
    },
};

static DE: Texts = Texts {
    lang: "de",
    time: "%d.%m.%Y, %H:%M UTC",
    or_copy: "Oder kopieren Sie diese Adresse in Ihren Browser:",
    automatic: "Diese E-Mail hat der Anmeldedienst von {tenant} verschickt.",
    unread: "Antworten werden nicht gelesen.",
    support: "Fragen? Schreiben Sie an {support}.",
    invitation: Sentences {
        subject: "Einladung zu {tenant}",
        lines: &["Sie sind zu {tenant} eingeladen.", "Die Einladung gilt bis {when}."],
        button: Some("Einladung öffnen"),
        after: &["Wenn Sie keine Einladung erwartet haben, müssen Sie nichts tun."],
    },
    invitation_by: Sentences {
        subject: "Einladung zu {tenant}",
        lines: &["{by} lädt Sie zu {tenant} ein.", "Die Einladung gilt bis {when}."],
        button: Some("Einladung öffnen"),
        after: &["Wenn Sie keine Einladung erwartet haben, müssen Sie nichts tun."],
    },
    verify_address: Sentences {
        subject: "{tenant}: Bestätigen Sie Ihre E-Mail-Adresse",
        lines: &[
            "Jemand, vermutlich Sie, meldet sich mit dieser Adresse bei {tenant} an.",
            "Bitte bestätigen Sie, dass es Ihre ist. Der Link gilt bis {when}.",
        ],
        button: Some("Adresse bestätigen"),
        after: &["Wenn Sie sich nicht anmelden, öffnen Sie den Link nicht."],
    },
    change_address: Sentences {
        subject: "{tenant}: Bestätigen Sie Ihre neue E-Mail-Adresse",
        lines: &[
            "Diese Adresse soll die eines Kontos bei {tenant} werden.",
            "Bitte bestätigen Sie, dass es Ihre ist. Der Link gilt bis {when}.",
        ],
        button: Some("Adresse bestätigen"),
        after: &["Wenn Sie darum nicht gebeten haben, öffnen Sie den Link nicht."],
    },
    address_changed: Sentences {
        subject: "{tenant}: Ihre E-Mail-Adresse wurde geändert",
        lines: &["Die Adresse Ihres Kontos bei {tenant} ist jetzt {address}; unsere E-Mails gehen dorthin."],
        button: None,
        after: &["Wenn Sie das nicht waren, sagen Sie es sofort Ihrer Administration."],
    },
    reset_password: Sentences {
        subject: "{tenant}: Wählen Sie ein neues Passwort",
        lines: &[
            "Jemand, vermutlich Sie, möchte ein neues Passwort für Ihr Konto bei {tenant}.",
            "Der Link gilt bis {when}, einmal.",
        ],
        button: Some("Neues Passwort wählen"),
        after: &["Wenn Sie es nicht waren, müssen Sie nichts tun: Ihr Passwort bleibt, wie es ist."],
    },
    certificate_expires: Sentences {
        subject: "{tenant}: Ein Zertifikat einer Verbindung läuft ab",
        lines: &[
            "Ein Zertifikat der Verbindung {connection} von {tenant} gilt bis {when}; verbleibende Tage: {days}.",
            "Danach kann sich niemand mehr über diese Verbindung anmelden. Bitte erneuern Sie es rechtzeitig.",
        ],
        button: None,
        after: &[],
    },
    secret_expires: Sentences {
        subject: "{tenant}: Das Client-Secret einer Verbindung läuft ab",
        lines: &[
            "Das Client-Secret der Verbindung {connection} von {tenant} gilt bis {when}; verbleibende Tage: {days}.",
            "Danach kann sich niemand mehr über diese Verbindung anmelden. Bitte lassen Sie sich rechtzeitig ein neues geben.",
        ],
        button: None,
        after: &[],
    },
    sso_enforced: Sentences {
        subject: "{tenant}: Die Anmeldung mit Passwort ist abgeschaltet",
        lines: &[
            "Single Sign-on ist bei {tenant} jetzt Pflicht: Alle melden sich nur noch über Ihren Anmeldedienst an.",
            "Am {when} gilt das von selbst nicht mehr, wenn sich bis dahin nicht noch einmal jemand von der Administration darüber anmeldet.",
        ],
        button: None,
        after: &["Wenn das ein Irrtum ist, kann die Administration es jederzeit zurücknehmen."],
    },
    sso_enforced_by: Sentences {
        subject: "{tenant}: Die Anmeldung mit Passwort ist abgeschaltet",
        lines: &[
            "{by} hat Single Sign-on bei {tenant} zur Pflicht gemacht: Alle melden sich nur noch über Ihren Anmeldedienst an.",
            "Am {when} gilt das von selbst nicht mehr, wenn sich bis dahin nicht noch einmal jemand von der Administration darüber anmeldet.",
        ],
        button: None,
        after: &["Wenn das ein Irrtum ist, kann die Administration es jederzeit zurücknehmen."],
    },
    sso_lifted: Sentences {
        subject: "{tenant}: Passwörter melden wieder an",
        lines: &["Single Sign-on ist bei {tenant} keine Pflicht mehr: Passwörter melden wieder an."],
        button: None,
        after: &["Wenn das niemand von Ihnen erwartet hat, sehen Sie im Audit-Log nach, wer es war."],
    },
    sso_lifted_by: Sentences {
        subject: "{tenant}: Passwörter melden wieder an",
        lines: &["{by} hat die Pflicht zu Single Sign-on bei {tenant} aufgehoben: Passwörter melden wieder an."],
        button: None,
        after: &[
            "Wenn das niemand von Ihnen erwartet hat, führen Sie die Pflicht wieder ein und klären Sie, wessen Anmeldung das war.",
        ],
    },
    sso_went_back: Sentences {
        subject: "{tenant}: Die Anmeldung mit Passwort ist wieder möglich",
        lines: &[
            "Single Sign-on war bei {tenant} Pflicht, und niemand von der Administration hat sich über den Anmeldedienst angemeldet, um es zu bestätigen.",
            "Darum ist es keine Pflicht mehr: Alle melden sich an wie zuvor.",
        ],
        button: None,
        after: &["Probieren Sie die Verbindung aus, bevor Sie sie wieder zur Pflicht machen."],
    },
    break_glass_codes_made: Sentences {
        subject: "{tenant}: Jemand hat jetzt Notfallcodes",
        lines: &["{by} hat Notfallcodes für {tenant} gemacht. Jeder meldet einmal ohne den Anmeldedienst an."],
        button: None,
        after: &["Wenn das niemand von Ihnen erwartet hat, ziehen Sie die Codes sofort zurück."],
    },
    break_glass_used: Sentences {
        subject: "{tenant}: Jemand hat sich mit einem Notfallcode angemeldet",
        lines: &["Ein Notfallcode von {by} wurde am {when} benutzt, um sich bei {tenant} anzumelden."],
        button: None,
        after: &["Wenn das niemand von Ihnen war, beenden Sie die Sitzung und machen Sie sofort neue Codes."],
    },
};
