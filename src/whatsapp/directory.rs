//! Whose conversation a message belongs to, decided from the addresses we know.
//!
//! A patient may be known by phone number, by business-scoped id, or by both, and either may appear later. The
//! business-scoped id decides when it is known, because WhatsApp gives a new one to whoever takes over a number:
//! a known number with an unknown id, whose conversation already has another id, is a new person with a recycled
//! number, and must not walk into the old owner's conversation. Addresses are added here, never moved.

use std::collections::HashMap;

use super::wire::Sender;
use crate::id::ConversationId;

/// One way to reach a patient on one of our numbers.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Address {
    /// The number of ours.
    pub phone_number_id: String,
    /// `wa_id` or `user_id`, as `addresses.kind` has it.
    pub kind: &'static str,
    /// The patient's number or business-scoped id.
    pub value: String,
}

/// The kind of a phone number.
pub(super) const WA_ID: &str = "wa_id";
/// The kind of a business-scoped id.
pub(super) const USER_ID: &str = "user_id";

/// A conversation that exists, or one that has to be made (by its place among the new ones).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Thread {
    /// In the database.
    Known(ConversationId),
    /// The nth to be made.
    New(usize),
}

/// Decides, message by message, and remembers what has to be written.
#[derive(Default)]
pub(super) struct Directory {
    thread_of: HashMap<Address, Thread>,
    has: HashMap<(Thread, &'static str), ()>,
    new_threads: Vec<String>,
    new_addresses: Vec<(Address, Thread)>,
}

impl Address {
    /// The addresses of a sender on one of our numbers; the deciding one first.
    pub(super) fn of(phone_number_id: &str, sender: &Sender) -> Vec<Self> {
        let address = |kind, value: &Option<String>| {
            value.clone().map(|value| Self { phone_number_id: phone_number_id.to_owned(), kind, value })
        };
        [address(USER_ID, &sender.user_id), address(WA_ID, &sender.wa_id)].into_iter().flatten().collect()
    }
}

impl Directory {
    /// Learns an address from the database; `other_kind` tells that its conversation has one of the other kind too.
    pub(super) fn learn(&mut self, address: Address, conversation: ConversationId, other_kind: bool) {
        let thread = Thread::Known(conversation);
        self.has.insert((thread, address.kind), ());
        if other_kind {
            self.has.insert((thread, if address.kind == WA_ID { USER_ID } else { WA_ID }), ());
        }
        self.thread_of.insert(address, thread);
    }

    /// The conversation of this sender; `None` when there is no address at all.
    pub(super) fn thread(&mut self, phone_number_id: &str, sender: &Sender) -> Option<Thread> {
        let addresses = Address::of(phone_number_id, sender);
        let found = addresses.iter().find_map(|address| Some((address.kind, *self.thread_of.get(address)?)));
        let thread = match found {
            Some((WA_ID, thread))
                if sender.user_id.is_some() && self.has.contains_key(&(thread, USER_ID)) =>
            {
                self.new_thread(phone_number_id)
            }
            Some((_, thread)) => thread,
            None if addresses.is_empty() => return None,
            None => self.new_thread(phone_number_id),
        };
        for address in addresses {
            // a conversation keeps the first number and the first id it was known by
            if !self.thread_of.contains_key(&address) && !self.has.contains_key(&(thread, address.kind)) {
                self.has.insert((thread, address.kind), ());
                self.thread_of.insert(address.clone(), thread);
                self.new_addresses.push((address, thread));
            }
        }
        Some(thread)
    }

    fn new_thread(&mut self, phone_number_id: &str) -> Thread {
        self.new_threads.push(phone_number_id.to_owned());
        Thread::New(self.new_threads.len() - 1)
    }

    /// Our numbers for which conversations must be made, in the order of [`Thread::New`].
    pub(super) fn new_threads(&self) -> &[String] {
        &self.new_threads
    }

    /// The addresses to be written, sorted: two writers that share some can then never deadlock.
    pub(super) fn new_addresses(&self) -> Vec<(Address, Thread)> {
        let mut sorted = self.new_addresses.clone();
        sorted.sort_by(|one, other| one.0.cmp(&other.0));
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(wa_id: Option<&str>, user_id: Option<&str>) -> Sender {
        Sender { wa_id: wa_id.map(str::to_owned), user_id: user_id.map(str::to_owned) }
    }

    fn address(kind: &'static str, value: &str) -> Address {
        Address { phone_number_id: "5".to_owned(), kind, value: value.to_owned() }
    }

    #[test]
    fn a_new_patient_gets_one_conversation_however_often_they_wrote() {
        let mut directory = Directory::default();
        let first = directory.thread("5", &sender(Some("569"), None));
        let second = directory.thread("5", &sender(Some("569"), Some("CL.1")));
        let third = directory.thread("5", &sender(None, Some("CL.1")));
        assert!(first == Some(Thread::New(0)) && second == first && third == first);
        assert_eq!(directory.new_addresses().len(), 2);
        assert_ne!(
            directory.thread("6", &sender(Some("569"), None)),
            first,
            "another number of ours is another conversation"
        );
    }

    #[test]
    fn an_id_joins_the_conversation_of_its_number() {
        let mut directory = Directory::default();
        directory.learn(address(WA_ID, "569"), ConversationId(1), false);
        assert_eq!(
            directory.thread("5", &sender(Some("569"), Some("CL.1"))),
            Some(Thread::Known(ConversationId(1)))
        );
        assert!(directory.new_threads().is_empty());
        assert!(directory.new_addresses()[0].0 == address(USER_ID, "CL.1"));
    }

    #[test]
    fn the_new_owner_of_a_number_does_not_enter_the_old_owners_conversation() {
        let mut directory = Directory::default();
        directory.learn(address(WA_ID, "569"), ConversationId(1), true);
        assert_eq!(directory.thread("5", &sender(Some("569"), Some("CL.NEW"))), Some(Thread::New(0)));
        let written = directory.new_addresses();
        assert!(
            written.len() == 1 && written[0].0 == address(USER_ID, "CL.NEW"),
            "the number itself is not moved"
        );
    }

    #[test]
    fn a_known_id_decides_over_a_known_number() {
        let mut directory = Directory::default();
        directory.learn(address(WA_ID, "569"), ConversationId(1), true);
        directory.learn(address(USER_ID, "CL.2"), ConversationId(2), false);
        assert_eq!(
            directory.thread("5", &sender(Some("569"), Some("CL.2"))),
            Some(Thread::Known(ConversationId(2)))
        );
        assert!(directory.new_addresses().is_empty());
    }
}
