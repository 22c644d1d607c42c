//! The text catalogue: every sentence that a page shows, per language. English and German; a browser that asks for
//! neither gets English. Sentences that belong together have a file of their own.
//!
//! A page takes them by name; a code of a refusal has its sentence in `reasons`. What letters say is in `mail`.

pub mod account;
mod invitation;
mod letters;

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;

use crate::model::delivery::Language;
use crate::model::password::Unfit;

use account::AccountTexts;
pub use invitation::InvitationTexts;
pub use letters::LetterTexts;

/// The sentences of one language.
#[expect(missing_docs, reason = "each name says where it stands")]
pub struct Texts {
    pub lang: &'static str,
    pub sign_in_to: &'static str,
    pub sign_in: &'static str,
    pub email_label: &'static str,
    pub continue_button: &'static str,
    pub password_label: &'static str,
    pub another_address: &'static str,
    pub new_password_title: &'static str,
    pub new_password_label: &'static str,
    pub password_rules: &'static str,
    pub save_button: &'static str,
    pub break_glass_title: &'static str,
    pub break_glass_hint: &'static str,
    pub break_glass_label: &'static str,
    pub break_glass_link: &'static str,
    pub break_glass_back: &'static str,
    pub or: &'static str,
    pub sign_in_with: &'static str,
    pub choose_below: &'static str,
    pub no_connections: &'static str,
    pub signed_in_as: &'static str,
    pub your_groups: &'static str,
    pub sign_out: &'static str,
    pub sign_out_question: &'static str,
    pub signed_out_title: &'static str,
    pub signed_out: &'static str,
    pub sign_in_again: &'static str,
    pub refused_title: &'static str,
    pub logout_refused_title: &'static str,
    pub logout_refused: &'static str,
    pub not_found_title: &'static str,
    pub try_again: &'static str,
    pub code_label: &'static str,
    pub event_label: &'static str,
    pub request_label: &'static str,
    pub tell_admin: &'static str,
    pub organization_label: &'static str,
    pub organization_unknown: &'static str,
    pub consent_question: &'static str,
    pub agree: &'static str,
    pub decline: &'static str,
    pub letters: &'static LetterTexts,
    pub letters_title: &'static str,
    pub no_letters: &'static str,
    /// The account's own pages, and the second step of a login by password.
    pub account: &'static AccountTexts,
    pub invitation: &'static InvitationTexts,
    scopes: &'static [(&'static str, &'static str)],
    reasons: &'static [(&'static str, &'static str)],
    other_reason: &'static str,
}

impl Texts {
    /// The sentence for a refusal code; one for all whose cause is the admin's to look up.
    #[must_use]
    pub fn reason(&self, code: &str) -> &'static str {
        let code = if code.ends_with("_unreachable") { "unreachable" } else { code };
        self.reasons
            .iter()
            .chain(self.invitation.reasons)
            .find(|(known, _)| *known == code)
            .map_or(self.other_reason, |(_, text)| text)
    }

    /// What is wrong with a new password.
    #[must_use]
    pub fn unfit(&self, unfit: &Unfit) -> &'static str {
        self.account.unfit.iter().find(|(known, _)| known == unfit).map_or(self.password_rules, |(_, text)| text)
    }

    /// What an application may do with a scope; the scope itself where there are no words for it.
    #[must_use]
    pub fn scope<'a>(&self, scope: &'a str) -> &'a str {
        self.scopes.iter().find(|(known, _)| *known == scope).map_or(scope, |(_, text)| text)
    }
}

/// The catalogue for this browser: the first of its languages that we have.
#[must_use]
pub fn texts(req: &HttpRequest) -> &'static Texts {
    let header = req.headers().get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let wanted = header.split(',').filter_map(|part| part.split([';', '-']).next()).map(str::trim);
    wanted.filter_map(|lang| [&EN, &DE].into_iter().find(|t| t.lang.eq_ignore_ascii_case(lang))).next().unwrap_or(&EN)
}

/// What letters that this browser causes are written in: what its pages are.
#[must_use]
pub fn language(req: &HttpRequest) -> Language {
    if texts(req).lang == DE.lang { Language::German } else { Language::English }
}

static EN: Texts = Texts {
    lang: "en",
    sign_in_to: "Sign in to",
    sign_in: "Sign in",
    email_label: "Work e-mail address",
    continue_button: "Continue",
    password_label: "Password",
    another_address: "Use another address",
    new_password_title: "Choose a new password",
    new_password_label: "New password",
    password_rules: "10 to 256 characters, and nothing that is easy to guess. Not the one until now, not your name or address, not your organisation's name.",
    save_button: "Save and sign in",
    break_glass_title: "Emergency access",
    break_glass_hint: "For owners who cannot sign in by their organisation's sign-in service. Each code works once, and all owners are told.",
    break_glass_label: "Break-glass code",
    break_glass_link: "Emergency access for owners",
    break_glass_back: "Back to the sign-in page",
    or: "or",
    sign_in_with: "Sign in with",
    choose_below: "Please choose how to sign in.",
    no_connections: "Nobody has set up sign-in for this organisation yet.",
    signed_in_as: "You are signed in as",
    your_groups: "Your groups",
    sign_out: "Sign out",
    sign_out_question: "Do you want to sign out?",
    signed_out_title: "Signed out",
    signed_out: "You are signed out.",
    sign_in_again: "Sign in again",
    refused_title: "You could not be signed in",
    logout_refused_title: "You could not be signed out",
    logout_refused: "Something about this sign-out is not right. Nothing was changed.",
    not_found_title: "Not found",
    try_again: "Try again",
    code_label: "Reason",
    event_label: "Event",
    request_label: "Request",
    tell_admin: "If this goes on, give your administrator what is shown here.",
    organization_label: "Work e-mail address, or your organisation's short name",
    organization_unknown: "We know no such organisation. Please check what you typed.",
    consent_question: "wants to:",
    agree: "Allow",
    decline: "Do not allow",
    letters: &letters::EN,
    letters_title: "The last e-mails",
    no_letters: "No e-mail was written yet.",
    account: &account::EN,
    invitation: &invitation::EN,
    scopes: &[
        ("openid", "know who you are"),
        ("profile", "see your name, picture and role"),
        ("email", "see your e-mail address"),
        ("groups", "see your groups"),
        ("offline_access", "do this also while you are away"),
        ("doorward.read", "read your organisation's settings as you may"),
        ("doorward.write", "change your organisation's settings as you may"),
    ],
    reasons: &[
        ("client_unknown", "The application that sent you here is not known to us."),
        (
            "redirect_uri_mismatch",
            "The application that sent you here wants you back at an address that is not registered.",
        ),
        ("repeated_parameter", "The application that sent you here asked in a way that we do not understand."),
        (
            "request_unknown",
            "This sign-in was finished, or took too long. Please go back to the application and start again.",
        ),
        ("not_found", "There is nothing here. Please check the address."),
        ("method_not_allowed", "This page cannot be opened like this. Please go back and start again."),
        ("connection_not_active", "This way of signing in is not available."),
        ("tenant_suspended", "This organisation is suspended."),
        ("attempt_expired", "This took too long. Please start again."),
        ("attempt_used", "This sign-in was already used. Please start again."),
        ("attempt_unknown", "This sign-in is not known any more. Please start again."),
        ("state_missing", "This sign-in is not known any more. Please start again."),
        ("state_unknown", "This sign-in is not known any more. Please start again."),
        ("browser_mismatch", "This sign-in was begun in another browser. Please start again in this one."),
        ("provider_error", "Your organisation's sign-in service did not let you in."),
        ("unreachable", "Your organisation's sign-in service does not answer. Please try again in a moment."),
        ("email_missing", "Your organisation's sign-in service did not tell us your e-mail address."),
        (
            "email_not_verified",
            "Your e-mail address is not verified. Please verify it at your organisation's sign-in service.",
        ),
        (
            "email_domain_not_verified",
            "Your organisation has not verified the domain of your e-mail address. Please ask your administrator to do so.",
        ),
        ("link_void", "This link is not good any more. It was used, or it is too old. Please start again."),
        ("confirmed_elsewhere", "Please open the link in the browser in which you began to sign in."),
        ("email_from_provider", "Your address comes from your organisation's sign-in service. Please change it there."),
        ("email_unchanged", "This is your address already."),
        ("email_taken", "Another account here has this address."),
        (
            "reauthentication_needed",
            "Please sign in again first: this needs a login that is not older than ten minutes.",
        ),
        ("user_suspended", "Your account is suspended."),
        ("user_unknown", "You have no account here yet. Please ask your administrator to add you."),
        ("credentials_wrong", "Address and password do not fit. Please try again."),
        ("code_wrong", "This is not the code of this moment, or it was used already. Please wait for the next one."),
        ("second_step_expired", "This took too long. Please start again."),
        ("totp_not_begun", "This took too long. Please begin anew."),
        ("password_needed", "Codes are the second step of signing in by password, and you have no password here."),
        ("last_way_in", "This is your only way to sign in. It cannot be taken away."),
        (
            "reauthentication_refused",
            "For this you have to sign in again, and your organisation's sign-in service did not ask you to.",
        ),
        ("password_change_expired", "This took too long. Please start again."),
        ("sso_enforced", "Passwords are not accepted here. Please sign in by your organisation's sign-in service."),
        ("break_glass_wrong", "Address and code do not fit, or the code was used. Please try again."),
        ("break_glass_closed", "Codes are not accepted here at the moment. Please sign in as usual."),
        ("sso_off", "This way of signing in is not available. Please sign in by password."),
        ("rate_limited", "Too many tries. Please wait a moment."),
        ("service_unavailable", "We cannot answer at the moment. Please try again."),
    ],
    other_reason: "Something about this sign-in is not right.",
};

static DE: Texts = Texts {
    lang: "de",
    sign_in_to: "Anmelden bei",
    sign_in: "Anmelden",
    email_label: "Berufliche E-Mail-Adresse",
    continue_button: "Weiter",
    password_label: "Passwort",
    another_address: "Andere Adresse verwenden",
    new_password_title: "Neues Passwort wählen",
    new_password_label: "Neues Passwort",
    password_rules: "10 bis 256 Zeichen, und nichts, was leicht zu erraten ist. Nicht das bisherige, nicht Ihr Name oder Ihre Adresse, nicht der Name Ihrer Organisation.",
    save_button: "Speichern und anmelden",
    break_glass_title: "Notzugang",
    break_glass_hint: "Für Eigentümer, die sich nicht beim Anmeldedienst ihrer Organisation anmelden können. Jeder Code gilt einmal, und alle Eigentümer erfahren davon.",
    break_glass_label: "Notfallcode",
    break_glass_link: "Notzugang für Eigentümer",
    break_glass_back: "Zurück zur Anmeldeseite",
    or: "oder",
    sign_in_with: "Anmelden mit",
    choose_below: "Bitte wählen Sie, wie Sie sich anmelden.",
    no_connections: "Für diese Organisation ist noch keine Anmeldung eingerichtet.",
    signed_in_as: "Sie sind angemeldet als",
    your_groups: "Ihre Gruppen",
    sign_out: "Abmelden",
    sign_out_question: "Möchten Sie sich abmelden?",
    signed_out_title: "Abgemeldet",
    signed_out: "Sie sind abgemeldet.",
    sign_in_again: "Wieder anmelden",
    refused_title: "Die Anmeldung hat nicht geklappt",
    logout_refused_title: "Die Abmeldung hat nicht geklappt",
    logout_refused: "An dieser Abmeldung stimmt etwas nicht. Es wurde nichts geändert.",
    not_found_title: "Nicht gefunden",
    try_again: "Noch einmal versuchen",
    code_label: "Grund",
    event_label: "Ereignis",
    request_label: "Anfrage",
    tell_admin: "Wenn es dabei bleibt, nennen Sie Ihrer Administration, was hier steht.",
    organization_label: "Berufliche E-Mail-Adresse oder Kurzname Ihrer Organisation",
    organization_unknown: "Diese Organisation kennen wir nicht. Bitte prüfen Sie Ihre Eingabe.",
    consent_question: "möchte:",
    agree: "Erlauben",
    decline: "Nicht erlauben",
    letters: &letters::DE,
    letters_title: "Die letzten E-Mails",
    no_letters: "Es wurde noch keine E-Mail geschrieben.",
    account: &account::DE,
    invitation: &invitation::DE,
    scopes: &[
        ("openid", "wissen, wer Sie sind"),
        ("profile", "Ihren Namen, Ihr Bild und Ihre Rolle sehen"),
        ("email", "Ihre E-Mail-Adresse sehen"),
        ("groups", "Ihre Gruppen sehen"),
        ("offline_access", "das auch tun, während Sie nicht da sind"),
        ("doorward.read", "die Einstellungen Ihrer Organisation lesen, soweit Sie es dürfen"),
        ("doorward.write", "die Einstellungen Ihrer Organisation ändern, soweit Sie es dürfen"),
    ],
    reasons: &[
        ("client_unknown", "Die Anwendung, von der Sie kommen, ist uns nicht bekannt."),
        (
            "redirect_uri_mismatch",
            "Die Anwendung, von der Sie kommen, nennt eine Rückadresse, die nicht eingetragen ist.",
        ),
        (
            "repeated_parameter",
            "Die Anwendung, von der Sie kommen, hat auf eine Weise gefragt, die wir nicht verstehen.",
        ),
        (
            "request_unknown",
            "Diese Anmeldung ist beendet oder hat zu lange gedauert. Bitte beginnen Sie in der Anwendung noch einmal.",
        ),
        ("not_found", "Hier ist nichts. Bitte prüfen Sie die Adresse."),
        (
            "method_not_allowed",
            "Diese Seite lässt sich so nicht öffnen. Bitte gehen Sie zurück und beginnen Sie noch einmal.",
        ),
        ("connection_not_active", "Diese Art der Anmeldung steht nicht zur Verfügung."),
        ("tenant_suspended", "Diese Organisation ist gesperrt."),
        ("attempt_expired", "Das hat zu lange gedauert. Bitte beginnen Sie noch einmal."),
        ("attempt_used", "Diese Anmeldung wurde schon verwendet. Bitte beginnen Sie noch einmal."),
        ("attempt_unknown", "Diese Anmeldung ist nicht mehr bekannt. Bitte beginnen Sie noch einmal."),
        ("state_missing", "Diese Anmeldung ist nicht mehr bekannt. Bitte beginnen Sie noch einmal."),
        ("state_unknown", "Diese Anmeldung ist nicht mehr bekannt. Bitte beginnen Sie noch einmal."),
        (
            "browser_mismatch",
            "Diese Anmeldung wurde in einem anderen Browser begonnen. Bitte beginnen Sie hier noch einmal.",
        ),
        ("provider_error", "Der Anmeldedienst Ihrer Organisation hat Sie nicht hereingelassen."),
        (
            "unreachable",
            "Der Anmeldedienst Ihrer Organisation antwortet nicht. Bitte versuchen Sie es gleich noch einmal.",
        ),
        ("email_missing", "Der Anmeldedienst Ihrer Organisation hat uns Ihre E-Mail-Adresse nicht genannt."),
        (
            "email_not_verified",
            "Ihre E-Mail-Adresse ist nicht bestätigt. Bitte bestätigen Sie sie beim Anmeldedienst Ihrer Organisation.",
        ),
        (
            "email_domain_not_verified",
            "Ihre Organisation hat die Domain Ihrer E-Mail-Adresse nicht bestätigt. Bitte wenden Sie sich an Ihre Administration.",
        ),
        (
            "link_void",
            "Dieser Link gilt nicht mehr. Er wurde schon verwendet oder ist zu alt. Bitte beginnen Sie noch einmal.",
        ),
        ("confirmed_elsewhere", "Bitte öffnen Sie den Link in dem Browser, in dem Sie sich anzumelden begonnen haben."),
        ("email_from_provider", "Ihre Adresse kommt vom Anmeldedienst Ihrer Organisation. Bitte ändern Sie sie dort."),
        ("email_unchanged", "Das ist schon Ihre Adresse."),
        ("email_taken", "Ein anderes Konto hier hat diese Adresse."),
        (
            "reauthentication_needed",
            "Bitte melden Sie sich zuerst noch einmal an: Das braucht eine Anmeldung, die nicht älter als zehn Minuten ist.",
        ),
        ("user_suspended", "Ihr Konto ist gesperrt."),
        ("user_unknown", "Sie haben hier noch kein Konto. Bitte wenden Sie sich an Ihre Administration."),
        ("credentials_wrong", "Adresse und Passwort passen nicht zusammen. Bitte versuchen Sie es noch einmal."),
        (
            "code_wrong",
            "Das ist nicht der Code dieses Augenblicks, oder er wurde schon verwendet. Bitte warten Sie auf den nächsten.",
        ),
        ("second_step_expired", "Das hat zu lange gedauert. Bitte beginnen Sie noch einmal."),
        ("totp_not_begun", "Das hat zu lange gedauert. Bitte beginnen Sie neu."),
        (
            "password_needed",
            "Codes sind der zweite Schritt der Anmeldung mit Passwort, und Sie haben hier kein Passwort.",
        ),
        ("last_way_in", "Das ist Ihre einzige Art, sich anzumelden. Sie lässt sich nicht wegnehmen."),
        (
            "reauthentication_refused",
            "Dafür müssen Sie sich noch einmal anmelden, und der Anmeldedienst Ihrer Organisation hat Sie nicht danach gefragt.",
        ),
        ("password_change_expired", "Das hat zu lange gedauert. Bitte beginnen Sie noch einmal."),
        (
            "sso_enforced",
            "Passwörter gelten hier nicht. Bitte melden Sie sich über den Anmeldedienst Ihrer Organisation an.",
        ),
        (
            "break_glass_wrong",
            "Adresse und Code passen nicht zusammen, oder der Code wurde schon verwendet. Bitte versuchen Sie es noch einmal.",
        ),
        ("break_glass_closed", "Codes werden hier zurzeit nicht angenommen. Bitte melden Sie sich wie gewohnt an."),
        ("sso_off", "Diese Art der Anmeldung steht nicht zur Verfügung. Bitte melden Sie sich mit Passwort an."),
        ("rate_limited", "Zu viele Versuche. Bitte warten Sie einen Augenblick."),
        ("service_unavailable", "Wir können gerade nicht antworten. Bitte versuchen Sie es noch einmal."),
    ],
    other_reason: "An dieser Anmeldung stimmt etwas nicht.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_sentences() {
        let codes = |t: &Texts| t.reasons.iter().chain(t.invitation.reasons).map(|(c, _)| *c).collect::<Vec<_>>();
        assert_eq!(codes(&EN), codes(&DE));
    }
}
