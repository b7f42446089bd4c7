//! Blue ticks and "escribiendo…": a patient sees at once that the message arrived and that an answer is coming.
//!
//! A courtesy and no more: it is shown only where the bot will answer, it is never waited for and never tried again,
//! and when many write at once it is left out rather than let it take calls from the answers themselves.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::client::Client;
use super::store::{Inserted, NewEvent, Pace};

/// Calls at the same time at most.
const AT_ONCE: usize = 8;

pub(super) struct Attention {
    client: Client,
    places: Arc<Semaphore>,
}

impl Attention {
    pub(super) fn new(client: Client) -> Self {
        Self { client, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Shows it for the new messages among these events: once a conversation, since it covers all earlier ones.
    pub(super) fn show<'a>(&self, events: impl Iterator<Item = &'a NewEvent>, inserted: &[Inserted]) {
        let new: HashMap<&str, &Inserted> =
            inserted.iter().map(|event| (event.dedupe_key.as_str(), event)).collect();
        let mut newest: HashMap<&str, (&str, &str)> = HashMap::new();
        for event in events.filter(|event| event.kind == "message" && event.pace != Pace::Aside) {
            let (Some(number), Some(message)) = (&event.phone_number_id, &event.wa_message_id) else {
                continue;
            };
            let from = event.payload.get("from").and_then(serde_json::Value::as_str);
            if let Some(from) =
                from.filter(|_| new.get(event.dedupe_key.as_str()).is_some_and(|event| event.for_bot))
            {
                newest.insert(from, (number, message));
            }
        }
        for (number, message) in newest.into_values() {
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
            let (client, number, message) = (self.client.clone(), number.to_owned(), message.to_owned());
            tokio::spawn(async move {
                if client.mark_read(&number, &message, true).await.is_err() {
                    metrics::counter!("whatsapp_attention_failed").increment(1);
                }
                drop(place);
            });
        }
    }
}
