//! What patients do: write, tap, send voice notes; once, twice, or late. And what a person answers them from the
//! centre's own phone, past the bot.

use serde_json::{Value, json};

use super::delivery::{SimulatorError, echo_envelope, message_envelope};
use super::model::{Bubble, Change, ChangeKind, Shape, Tick};
use super::{Simulator, lock};
use crate::whatsapp::wire::is_user_id;

/// What a patient sends.
#[derive(Debug, Clone, PartialEq)]
pub enum PatientMessage {
    /// Words.
    Text(String),
    /// A tap on an option they were shown.
    Tap {
        /// The option's id.
        option: String,
        /// In which bubble; without it, the newest that has this option.
        of: Option<String>,
    },
    /// A voice note.
    VoiceNote,
    /// A picture, with or without words.
    Picture {
        /// The words.
        caption: Option<String>,
    },
    /// A place.
    Place,
    /// An emoji on a bubble.
    Reaction {
        /// The emoji; empty takes it back.
        emoji: String,
        /// The bubble.
        of: String,
    },
    /// Anything else: the type, and what stands under its name.
    Other {
        /// WhatsApp's name of the type.
        wire_type: String,
        /// Its content.
        content: Value,
    },
}

/// How the webhook of a message is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// As usual.
    Once,
    /// Twice, as Meta does now and then.
    Twice,
    /// Not before [`Simulator::deliver_late`].
    Late,
}

/// The name of a phone in the model: its digits, or a business-scoped id.
pub(super) fn key(phone: &str) -> String {
    if is_user_id(phone) { phone.to_owned() } else { phone.chars().filter(char::is_ascii_digit).collect() }
}

impl Simulator {
    /// A patient writes; returns the message's id once the centre has taken it.
    ///
    /// # Errors
    /// When the webhook is not answered 200, however often it is delivered.
    pub async fn patient_says(&self, phone: &str, text: &str) -> Result<String, SimulatorError> {
        self.patient_sends(phone, PatientMessage::Text(text.to_owned()), How::Once).await
    }

    /// A patient taps an option that is on their screen.
    ///
    /// # Errors
    /// When no bubble on the screen has it, or as with [`patient_says`](Self::patient_says).
    pub async fn patient_taps(&self, phone: &str, option: &str) -> Result<String, SimulatorError> {
        self.patient_sends(phone, PatientMessage::Tap { option: option.to_owned(), of: None }, How::Once)
            .await
    }

    /// A patient sends anything to our first number.
    ///
    /// # Errors
    /// As with [`patient_taps`](Self::patient_taps).
    pub async fn patient_sends(
        &self,
        phone: &str,
        message: PatientMessage,
        how: How,
    ) -> Result<String, SimulatorError> {
        let number = self.settings().numbers.first().cloned().unwrap_or_default();
        self.patient_sends_to(&number, phone, message, how).await
    }

    /// A patient sends anything to one of our numbers.
    ///
    /// # Errors
    /// As with [`patient_taps`](Self::patient_taps).
    pub async fn patient_sends_to(
        &self,
        number: &str,
        phone: &str,
        message: PatientMessage,
        how: How,
    ) -> Result<String, SimulatorError> {
        let shared = &self.inner.shared;
        let phone = key(phone);
        if phone.len() < 5 {
            return Err(SimulatorError::NotAPhone);
        }
        let now = shared.settings.clock.now();
        let id = super::graph::new_message_id(&phone);
        let envelope = {
            let mut model = lock(&shared.model);
            let (bubble, mut wire) = self.compose(&model, &phone, &id, message)?;
            wire["id"] = json!(id);
            wire["timestamp"] = json!(now.timestamp().to_string());
            wire[if is_user_id(&phone) { "from_user_id" } else { "from" }] = json!(phone);
            model.open_window(number, &phone, now);
            if let Some(bubble) = bubble {
                model.add(&phone, bubble.clone());
                shared.tell(&phone, ChangeKind::Bubble(Box::new(bubble)));
            }
            message_envelope(number, &phone, &wire)
        };
        match how {
            How::Late => {
                shared.outlet.keep_for_later(envelope);
                return Ok(id);
            }
            How::Once => shared.outlet.deliver(envelope).await,
            How::Twice => {
                let (first, second) =
                    tokio::join!(shared.outlet.deliver(envelope.clone()), shared.outlet.deliver(envelope));
                first.and(second)
            }
        }
        .inspect_err(|_| shared.tick(&phone, &id, Tick::Failed))?;
        shared.tick(&phone, &id, Tick::Delivered);
        Ok(id)
    }

    /// A person answers a patient from the centre's own phone; returns the message's id once the centre was told.
    ///
    /// # Errors
    /// As with [`patient_says`](Self::patient_says).
    pub async fn clinic_writes(&self, phone: &str, text: &str) -> Result<String, SimulatorError> {
        let shared = &self.inner.shared;
        let number = self.settings().numbers.first().cloned().unwrap_or_default();
        let phone = key(phone);
        let now = shared.settings.clock.now();
        let id = super::graph::new_message_id(&phone);
        let wire = json!({
            "from": "56220000000", "to": phone, "id": id, "timestamp": now.timestamp().to_string(),
            "type": "text", "text": { "body": text },
        });
        let bubble = Bubble {
            id: id.clone(),
            from_patient: false,
            at: now,
            text: text.to_owned(),
            shape: Shape::Text,
            options: Vec::new(),
            list_label: None,
            tick: Tick::Delivered,
            tapped: None,
            quotes: None,
        };
        lock(&shared.model).add(&phone, bubble.clone());
        shared.tell(&phone, ChangeKind::Bubble(Box::new(bubble)));
        shared.outlet.deliver(echo_envelope(&number, &wire)).await?;
        Ok(id)
    }

    /// Delivers what was sent [`How::Late`], in the order in which it was sent.
    ///
    /// # Errors
    /// As with [`patient_says`](Self::patient_says).
    pub async fn deliver_late(&self) -> Result<usize, SimulatorError> {
        let late = self.inner.shared.outlet.take_late();
        let count = late.len();
        for envelope in late {
            self.inner.shared.outlet.deliver(envelope).await?;
        }
        Ok(count)
    }

    /// The bubble on the patient's own screen (a reaction has none), and the message on the wire.
    fn compose(
        &self,
        model: &super::Model,
        phone: &str,
        id: &str,
        message: PatientMessage,
    ) -> Result<(Option<Bubble>, Value), SimulatorError> {
        let bubble = |text: String, shape: Shape| Bubble {
            id: id.to_owned(),
            from_patient: true,
            at: self.settings().clock.now(),
            text,
            shape,
            options: Vec::new(),
            list_label: None,
            tick: Tick::Waiting,
            tapped: None,
            quotes: None,
        };
        let media = |name: &str, wire: Value| (Some(bubble(name.to_owned(), Shape::Media)), wire);
        Ok(match message {
            PatientMessage::Text(text) => {
                let wire = json!({ "type": "text", "text": { "body": text } });
                (Some(bubble(text, Shape::Text)), wire)
            }
            PatientMessage::Tap { option, of } => {
                let (asked, shown) =
                    model.offer(phone, &option, of.as_deref()).ok_or(SimulatorError::NoSuchOption)?;
                let reply = if asked.shape == Shape::List { "list_reply" } else { "button_reply" };
                let mut chosen = json!({ "id": shown.id, "title": shown.title });
                if let Some(detail) = &shown.detail {
                    chosen["description"] = json!(detail);
                }
                let wire = json!({ "type": "interactive", "interactive": { "type": reply, (reply): chosen }, "context": { "id": asked.id } });
                let label = shown.title.clone();
                let said = Bubble {
                    tapped: Some(option),
                    quotes: Some(asked.id.clone()),
                    ..bubble(label, Shape::Text)
                };
                (Some(said), wire)
            }
            PatientMessage::VoiceNote => media(
                "Mensaje de voz",
                json!({ "type": "audio", "audio": file("audio/ogg; codecs=opus", json!({ "voice": true })) }),
            ),
            PatientMessage::Picture { caption } => {
                let text = caption.clone().map_or("Foto".to_owned(), |caption| format!("Foto: {caption}"));
                let words = caption.map_or(json!({}), |caption| json!({ "caption": caption }));
                media(&text, json!({ "type": "image", "image": file("image/jpeg", words) }))
            }
            PatientMessage::Place => media(
                "Ubicación",
                json!({ "type": "location", "location": { "latitude": -36.82, "longitude": -73.05 } }),
            ),
            PatientMessage::Reaction { emoji, of } => {
                (None, json!({ "type": "reaction", "reaction": { "message_id": of, "emoji": emoji } }))
            }
            PatientMessage::Other { wire_type, content } => {
                media(&format!("({wire_type})"), json!({ "type": wire_type, (wire_type.as_str()): content }))
            }
        })
    }
}

impl super::Shared {
    pub(super) fn tell(&self, phone: &str, kind: ChangeKind) {
        // an error means that nobody looks
        if self.changes.receiver_count() > 0 {
            self.changes.send(Change { phone: phone.to_owned(), kind }).ok();
        }
    }

    pub(super) fn tick(&self, phone: &str, id: &str, tick: Tick) {
        let changed = lock(&self.model).set_tick(phone, id, tick);
        if let Some(bubble) = changed {
            self.tell(phone, ChangeKind::Bubble(Box::new(bubble)));
        }
    }
}

fn file(mime: &str, more: Value) -> Value {
    let mut file = json!({ "id": "1234567890", "mime_type": mime, "sha256": "7kPq0Yd9w5yS1h2n3b4v5c6x7z8a9s0d1f2g3h4j5k8=" });
    if let (Value::Object(file), Value::Object(more)) = (&mut file, more) {
        file.extend(more);
    }
    file
}
