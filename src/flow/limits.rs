//! What WhatsApp shows of a question (Meta, interactive messages); `check` holds flows to it, the guide tells it.

/// Options up to which a question has buttons; more make it a list.
pub(super) const BUTTONS: usize = 3;
/// Characters of a button's label, and of the one that opens a list.
pub(super) const BUTTON: usize = 20;
/// Rows in a list, one of which may be "Más horas".
pub(super) const ROWS: usize = 10;
/// Characters of a row's label.
pub(super) const ROW: usize = 24;
/// Characters of a row's second line.
pub(super) const DETAIL: usize = 72;
/// Characters of a text. A question with buttons holds 1,024; a few names must still fit.
pub(super) const BODY: usize = 900;
/// Hours after a patient's last message in which free words may be sent; later only an approved template may.
pub(super) const WINDOW_HOURS: u32 = 24;
/// Minutes of silence after which a conversation closes when its flow does not say: while a goodbye can be sent.
pub(super) const CLOSE_MINUTES: u32 = 23 * 60;

/// The length of a text as WhatsApp counts it: an emoji beyond the basic plane counts twice.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
