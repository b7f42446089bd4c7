-- The way of a message: events -> turn -> outbox, and the conversation they belong to.
--
-- Every change to a conversation is an event through the same door; only a turn writes conversations.state.

create table flow_books (
  hash       text primary key,                          -- of the sources below
  sources    jsonb not null,                            -- {"agendar.yaml": "flow: agendar\n...", ...}
  created_at timestamptz not null
);

-- Which book was put in force when, and where. The latest row for a centre, else the latest without one.
create table flow_activations (
  id        bigint generated always as identity primary key,
  hash      text not null references flow_books,
  center_id bigint references centers,                  -- null: the whole installation
  at        timestamptz not null
);

create table conversations (
  id              bigint generated always as identity primary key,
  center_id       bigint not null references centers,
  phone_number_id text not null,                        -- the number of ours that the patient writes to
  owner           text not null default 'bot' check (owner in ('bot', 'staff', 'muted')),
  epoch           bigint not null default 0,            -- raised when a person takes over; outbox rows carry the one they were written under
  stage           text not null default 'Idle',         -- where the walk stopped: Idle, agendar.hora, WithStaff, Closed
  stuck_since     timestamptz,                          -- null: not waiting for a person
  stuck_reason    text,
  state           jsonb not null default '{}',
  seq             bigint not null default 0,            -- of the last journal row
  last_patient_at timestamptz,                          -- opens WhatsApp's 24-hour window
  retry_at        timestamptz,                          -- a turn failed: none of its events is taken before then, so their order holds
  created_at      timestamptz not null
) with (fillfactor = 80);                               -- every turn writes the row again: the next version fits on its page
create index ix_conversations_stuck on conversations (center_id, stuck_since) where stuck_since is not null;

-- A patient may be known by phone number (wa_id), by business-scoped id (user_id), or by both.
create table addresses (
  phone_number_id text not null,
  kind            text not null check (kind in ('wa_id', 'user_id')),
  value           text not null,
  conversation_id bigint not null references conversations,
  primary key (phone_number_id, kind, value)
);
create index ix_addresses_conversation on addresses (conversation_id);

-- A phone that the centre does not know has shown, by the end of a RUN and a birth date, whom it speaks for.
-- Until staff verifies it, it sees and changes only hours booked by its own conversation.
create table claimed_patients (
  conversation_id bigint not null references conversations,
  patient_id      bigint not null references patients on delete cascade,
  claimed_at      timestamptz not null,
  verified_at     timestamptz,                          -- null: not verified by staff
  primary key (conversation_id, patient_id)
);

-- Failed tries to say who one is, kept apart from the state so that starting anew does not reset them.
create table identity_attempts (
  id              bigint generated always as identity primary key,
  conversation_id bigint not null references conversations,
  at              timestamptz not null
);
create index ix_identity_attempts_conversation on identity_attempts (conversation_id, at);

create table events (
  id              bigint generated always as identity primary key,
  conversation_id bigint references conversations,      -- null: belongs to no conversation (account news, unknown status)
  kind            text not null,                        -- message, status, timer, staff, continue, account, unreadable
  dedupe_key      text not null unique,
  received_at     timestamptz not null,
  sent_at         timestamptz,                          -- WhatsApp's own timestamp, in whole seconds
  due_at          timestamptz not null,
  attempts        integer not null default 0,
  payload         jsonb not null,
  processed_at    timestamptz,
  outcome         text                                  -- done, stale, parked, ignored, ...; null until processed
);
-- statuses are many, need no turn and no lock: they are settled in batches, apart from the events of conversations
create index ix_events_due on events (due_at, conversation_id)
  where processed_at is null and conversation_id is not null and kind <> 'status';
create index ix_events_conversation on events (conversation_id)
  where processed_at is null and conversation_id is not null and kind <> 'status';
create index ix_events_status on events (id) where processed_at is null and kind = 'status';
-- queues die young: without this, claims wade through handled rows until a fifth of the table has changed
alter table events set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000);

create table outbox (
  id              bigint generated always as identity primary key,
  conversation_id bigint not null references conversations,
  epoch           bigint not null,
  status          text not null default 'queued' check (status in
    ('queued', 'sending', 'accepted', 'sent', 'delivered', 'read', 'failed', 'dropped', 'unconfirmed')),
  attempts        integer not null default 0,
  unanswered      integer not null default 0,           -- tries of which nobody can say whether they went out
  not_before      timestamptz not null,
  payload         jsonb not null,                       -- value::Outgoing
  wa_message_id   text,
  error_code      integer,
  error_detail    text,
  created_at      timestamptz not null,
  sent_at         timestamptz,
  claimed_at      timestamptz
);
alter table outbox set (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000);
create index ix_outbox_queued on outbox (not_before, id) where status in ('queued', 'sending');
create index ix_outbox_conversation on outbox (conversation_id, id) where status in ('queued', 'sending');
create index ix_outbox_wa_message on outbox (wa_message_id) where wa_message_id is not null;

-- What each turn saw and did, in order: enough to replay the conversation with no database.
create table journal (
  conversation_id bigint not null references conversations,
  seq             bigint not null,
  at              timestamptz not null,
  kind            text not null,                        -- turn, handoff, parked, ...
  book            text,                                 -- hash of the flow book the turn ran on
  event           jsonb,                                -- what the core was told
  facts           jsonb,                                -- what the world answered, in order
  effects         jsonb,
  trace           jsonb,                                -- which rung took or refused the message, and why
  primary key (conversation_id, seq)
);

alter table appointments add constraint appointments_conversation
  foreign key (conversation_id) references conversations;
create index ix_appointments_conversation on appointments (conversation_id) where conversation_id is not null;

-- State and journal are written in every turn and mostly read by nobody: where the server has it, the faster way
-- to make them small.
do $$
begin
  alter table conversations alter column state set compression lz4;
  alter table journal
    alter column event set compression lz4, alter column facts set compression lz4,
    alter column effects set compression lz4, alter column trace set compression lz4;
exception when feature_not_supported then
  null;
end $$;
