-- What patients say besides booking: that they wait for an hour, that they will come, that they want no messages.

-- Who waits for an hour that is not there, in the order in which they asked.
create table waitlist (
  id                  bigint generated always as identity primary key,
  center_id           bigint not null references centers,
  patient_id          bigint not null,
  appointment_type_id bigint not null,
  doctor_id           bigint references doctors,        -- null: with anyone
  wanted              jsonb,                            -- value::Window; null: at any time
  conversation_id     bigint references conversations,  -- who asked by chat; null: staff
  status              text not null default 'WAITING' check (status in ('WAITING', 'BOOKED', 'LEFT', 'CLOSED')),
  created_at          timestamptz not null,
  ended_at            timestamptz,
  check ((status = 'WAITING') = (ended_at is null)),
  foreign key (center_id, patient_id) references patients (center_id, id) on delete cascade,
  foreign key (center_id, appointment_type_id) references appointment_types (center_id, id)
);
-- once for each prestación; also what a booking and "¿en qué lista estoy?" look for
create unique index ux_waitlist_waiting on waitlist (patient_id, appointment_type_id) where status = 'WAITING';
-- who waited longest
create index ix_waitlist_queue on waitlist (center_id, appointment_type_id, created_at) where status = 'WAITING';

-- When the patient said that they will come; null: has not said. An hour that it is moved to is another row.
alter table appointments add column attendance_confirmed_at timestamptz;

-- When the patient asked for no message that they did not ask for; null: they may be written to.
alter table conversations add column opted_out_at timestamptz;
