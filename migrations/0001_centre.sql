-- The centre's time: who works when, who is treated, and which hours are taken.
--
-- The database is the referee: two patients can never have the same professional at once, nor one patient
-- two visits at once, whatever the code above does. Times are stored twice, as wall time of the centre's
-- zone and as instants, because the rules of a zone change (Aysén, 2025) and a promise is made in wall time.
-- Nothing here defaults to now(): every time comes from app_now(), which tests and replay can set.

create extension if not exists btree_gist;

-- The one clock of all SQL. Production reads the wall clock; a session may set `app.now` (tests, replay).
-- Stable, so that `due_at <= app_now()` can use an index; and the time at which the statement began, so that it
-- truly stands still within one: two looks at a hold in one statement agree on whether it has died. Everything in
-- it is stable, so the planner can write it out where it is called; as a function that is called it would be
-- parsed anew in every statement (10 us each, half a millisecond a message).
create function app_now() returns timestamptz language sql stable parallel safe as $$
  select coalesce(nullif(current_setting('app.now', true), '')::timestamptz, statement_timestamp())
$$;

create table centers (
  id              bigint generated always as identity primary key,
  code            text not null unique,
  name            text not null,
  tz              text not null,                       -- IANA name: America/Santiago, America/Punta_Arenas, ...
  phone_number_id text unique,                         -- WhatsApp's id of the number patients write to; null: none yet
  address         text,
  phone           text,
  region          text,                                -- code of the region, for its own holidays; null: only national ones
  flow_book       text,                                -- hash of the flow book in force; null: the one the whole installation runs
  agenda_version  bigint not null default 0            -- raised by triggers whenever who attends when changes here
);

-- Any professional; the name `doctors` is kept for those who read this table from outside.
create table doctors (
  id         bigint generated always as identity primary key,
  center_id  bigint not null references centers,       -- home centre; schedules carry their own
  code       text not null,                            -- the centre's own key, stable over imports
  full_name  text not null,
  profession text not null,
  sector     text,                                     -- null: sees every sector
  active     boolean not null default true,
  unique (center_id, code)
);

create table appointment_types (
  id               bigint generated always as identity primary key,
  center_id        bigint not null references centers,
  code             text not null,
  name             text not null,
  patient_words    text[] not null default '{}',       -- how patients call it: matrona, control de embarazo, ...
  duration_min     integer not null check (duration_min between 1 and 480),
  buffer_after_min integer not null default 0 check (buffer_after_min between 0 and 120),
  min_notice_min   integer not null default 60 check (min_notice_min >= 0),
  max_horizon_days integer not null default 60 check (max_horizon_days between 1 and 400),
  bookable         boolean not null default true,      -- false: staff only
  max_per_patient  integer not null default 3 check (max_per_patient >= 1),   -- future hours of this kind a patient may hold by chat
  unique (center_id, code),
  unique (center_id, id)
);

-- The weekly agenda. A break is simply where no row is.
create table doctor_schedules (
  id                  bigint generated always as identity primary key,
  doctor_id           bigint not null references doctors,
  center_id           bigint not null references centers,
  day_of_week         smallint not null check (day_of_week between 1 and 7),   -- ISO: 1 = Monday
  start_time          time not null,
  end_time            time not null check (end_time > start_time),
  slot_minutes        integer not null check (slot_minutes between 1 and 480), -- grid on which hours start
  appointment_type_id bigint not null,
  valid               daterange not null default '[,)',
  foreign key (center_id, appointment_type_id) references appointment_types (center_id, id),
  -- one professional is in one room at a time; minutes of the day as a range, because there is no range of time
  constraint doctor_schedules_no_overlap exclude using gist (
    doctor_id with =, day_of_week with =, valid with &&,
    int4range((extract(epoch from start_time) / 60)::int, (extract(epoch from end_time) / 60)::int) with &&)
);
create index ix_doctor_schedules_center on doctor_schedules (center_id, appointment_type_id);

create table absences (
  id        bigint generated always as identity primary key,
  center_id bigint not null references centers,
  doctor_id bigint references doctors,                  -- null: the whole centre
  during    tsrange not null check (not isempty(during)),   -- wall time of the centre
  reason    text not null,
  unique nulls not distinct (center_id, doctor_id, during)
);

create table holidays (
  day   date not null,
  name  text not null,
  scope text not null default 'CL',                     -- CL, a region's code or a centre's code
  primary key (day, scope)
);

create table patients (
  id         bigint generated always as identity primary key,
  center_id  bigint not null references centers,
  run_num    integer not null,
  run_dv     char(1) not null,
  full_name  text not null,
  birth_date date not null,
  sex        text,
  sector     text,
  unique (center_id, run_num),
  unique (center_id, id)
);
-- who is it? the last four digits of the RUN with its check digit, and the birth date
create index ix_patients_identity on patients (center_id, birth_date, (run_num % 10000), run_dv);

-- Phones the centre knows: each may speak for the patients it is registered for.
create table patient_phones (
  phone_e164 text not null,
  patient_id bigint not null references patients on delete cascade,
  primary key (phone_e164, patient_id)
);
create index ix_patient_phones_patient on patient_phones (patient_id);

-- The row that orders all writes to a professional's day, and the version by which caches know it changed.
create table doctor_days (
  doctor_id bigint not null references doctors,
  day       date not null,
  version   bigint not null default 0,
  primary key (doctor_id, day)
);

create table appointments (
  id                  bigint generated always as identity primary key,
  center_id           bigint not null references centers,
  doctor_id           bigint not null references doctors,
  patient_id          bigint not null,
  appointment_type_id bigint not null,
  appointment_date    date not null,                    -- wall date and
  start_local         time not null,                    -- wall time, as promised to the patient
  during              tstzrange not null check (not isempty(during)),
  busy                tstzrange check (busy @> during), -- `during` widened by the buffer; null only for a seat in a group
  lane                smallint not null default 0,      -- 0 = the ordinary agenda; 1.. = sobrecupo
  status              text not null check (status in
    ('PENDING', 'CONFIRMED', 'ARRIVED', 'IN_PROGRESS', 'COMPLETED', 'NO_SHOW', 'CANCELLED', 'RESCHEDULED', 'EXPIRED')),
  hold_expires_at     timestamptz,
  -- an hour stays blocked while the patient is being seen, and for the record afterwards
  blocks              boolean not null generated always as
    (status in ('PENDING', 'CONFIRMED', 'ARRIVED', 'IN_PROGRESS', 'COMPLETED')) stored,
  rescheduled_from    bigint references appointments,
  conversation_id     bigint,                           -- who holds or booked it by chat; null: staff or import
  created_at          timestamptz not null,
  check ((status = 'PENDING') = (hold_expires_at is not null)),
  foreign key (center_id, patient_id) references patients (center_id, id),
  foreign key (center_id, appointment_type_id) references appointment_types (center_id, id),
  constraint doctor_no_overlap  exclude using gist (doctor_id with =, lane with =, busy with &&) where (blocks),
  constraint patient_no_overlap exclude using gist (patient_id with =, during with &&) where (blocks)
);
create index ix_appointments_doctor_id on appointments (doctor_id);
create index ix_appointments_appointment_type_id on appointments (appointment_type_id);
create index ix_appointments_patient_date on appointments (patient_id, appointment_date);
create index ix_appointments_overlap_check on appointments (doctor_id, appointment_date, status)
  where status in ('PENDING', 'CONFIRMED');
-- the cold start of the map is one index-only scan of this
create index ix_appointments_busy on appointments (appointment_date, doctor_id) include (busy, lane, hold_expires_at) where blocks;
-- the sweeper of dead holds
create index ix_appointments_hold_expiry on appointments (hold_expires_at) where status = 'PENDING';

-- What changed on the map of free hours: a professional's day, or a whole centre's weekly agenda. Readers
-- poll by xid and pg_snapshot_xmin, not by sequence: a sequence loses the row that commits late.
create table map_changes (
  xid       xid8 not null default pg_current_xact_id(),
  doctor_id bigint,
  day       date,
  center_id bigint,                                     -- set instead of the two above: centers.agenda_version changed
  version   bigint not null,
  at        timestamptz not null,
  check (num_nulls(doctor_id, center_id) = 1 and (doctor_id is null) = (day is null))
);
create index ix_map_changes_xid on map_changes (xid);

-- Whoever changes who attends when, by whatever means, tells the map.
create function agenda_changed() returns trigger language plpgsql as $$
declare touched bigint[];
begin
  if tg_table_name = 'holidays' then
    touched := array(select c.id from centers c where exists (select from changed));
  elsif tg_table_name = 'doctors' then          -- known also where they attend away from home
    touched := array(select h.center_id from changed h union select s.center_id from changed h join doctor_schedules s on s.doctor_id = h.id);
  else
    touched := array(select distinct h.center_id from changed h);
  end if;
  with due as (
    select c.id from centers c where c.id = any(touched) order by c.id for no key update
  ), raised as (
    update centers c set agenda_version = c.agenda_version + 1 from due where c.id = due.id
    returning c.id, c.agenda_version
  )
  insert into map_changes (center_id, version, at) select id, agenda_version, app_now() from raised;
  return null;
end $$;
create function zone_changed() returns trigger language plpgsql as $$
begin
  new.agenda_version := old.agenda_version + 1;
  insert into map_changes (center_id, version, at) values (new.id, new.agenda_version, app_now());
  return new;
end $$;
create trigger agenda_after_zone before update on centers for each row
  when (old.tz is distinct from new.tz or old.region is distinct from new.region) execute function zone_changed();
do $$
declare watched text;
begin
  foreach watched in array array['doctors', 'appointment_types', 'doctor_schedules', 'absences', 'holidays'] loop
    execute format('create trigger agenda_after_insert after insert on %I referencing new table as changed for each statement execute function agenda_changed()', watched);
    execute format('create trigger agenda_after_update after update on %I referencing new table as changed for each statement execute function agenda_changed()', watched);
    execute format('create trigger agenda_after_delete after delete on %I referencing old table as changed for each statement execute function agenda_changed()', watched);
  end loop;
end $$;

-- What happened to an appointment, for ever: append only.
create table appointment_events (
  id             bigint generated always as identity primary key,
  appointment_id bigint not null references appointments,
  at             timestamptz not null,
  actor          text not null,                         -- patient, staff, system, import
  from_status    text,
  to_status      text not null,
  reason         text
);
create index ix_appointment_events_appointment on appointment_events (appointment_id);
