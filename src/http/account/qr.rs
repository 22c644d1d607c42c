//! A QR code as the data of one SVG path: no picture to load, no script.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code, which readers want.
const MARGIN: i32 = 4;

/// A QR code.
pub struct Qr {
    /// Modules of a side, margins included.
    pub side: i32,
    /// The dark modules.
    pub path: String,
}

/// The code of a text; `None` when it is too long for one.
#[must_use]
pub fn code_of(text: &str) -> Option<Qr> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{},{}h1v1h-1z", x + MARGIN, y + MARGIN));
        }
    }
    Some(Qr { side: code.size() + 2 * MARGIN, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_a_text_that_is_too_long_has_none() {
        let qr = code_of("otpauth://totp/x?secret=ABC").unwrap();
        assert_eq!(qr.side, 29 + 2 * MARGIN);
        for corner in [(0, 0), (qr.side - 2 * MARGIN - 1, 0), (0, qr.side - 2 * MARGIN - 1)] {
            assert!(qr.path.contains(&format!("M{},{}h1v1h-1z", corner.0 + MARGIN, corner.1 + MARGIN)), "{corner:?}");
        }
        assert!(code_of(&"x".repeat(5000)).is_none());
    }
}
