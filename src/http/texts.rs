//! The text catalogue: every sentence that a page shows, per language. English and German; a browser that asks for
//! neither gets English. Sentences that belong together have a file of their own.
//!
//! A page takes them by name; a code of a refusal has its sentence in `reasons`. What letters say is in `mail`.

pub mod account;
mod invitation;
mod letters;
mod reasons;

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;

use crate::model::delivery::Language;
use crate::model::password::Unfit;

use account::AccountTexts;
pub use invitation::InvitationTexts;
pub use letters::LetterTexts;
use reasons::Reasons;

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
    pub not_done_title: &'static str,
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
    reasons: &'static Reasons,
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

    /// The title of the page that tells a refusal: not all of them are of a sign-in.
    #[must_use]
    pub fn refused_title(&self, code: &str) -> &'static str {
        match code {
            "not_found" => self.not_found_title,
            "link_void"
            | "confirmed_elsewhere"
            | "rate_limited"
            | "email_taken"
            | "email_from_provider"
            | "invalid_fields"
            | "repeated_parameter"
            | "malformed_body"
            | "cross_site"
            | "unknown_host"
            | "unsupported_media_type"
            | "body_too_large" => self.not_done_title,
            _ => self.refused_title,
        }
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
    not_done_title: "This was not done",
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
    reasons: reasons::EN,
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
    not_done_title: "Das hat nicht geklappt",
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
    reasons: reasons::DE,
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
