-- The life of an appointment held to one table, and the centre's time with its exceptions.
--
-- A record may only tell of steps that the life of an appointment has; and what was recorded stays as it was.
-- One day may be opened or closed without touching the weekly rule; a holiday may close only its afternoon; a
-- professional may take longer, or shorter, than the prestación says.

alter table appointment_events
  add column actor_id bigint,                           -- a patient's conversation, the console's user; null: engine, file, or not told
  add column changed  jsonb;                            -- what changed besides the status, as {"name": [before, after]}; null: nothing

-- The steps of `src/scheduling/appointment.rs`, which a test compares with these; a note keeps the status.
alter table appointment_events add constraint appointment_events_life check (
  coalesce(from_status = to_status, false) and reason is not null   -- null would pass
  or coalesce(from_status, 'NOTHING') || ' ' || to_status || ' ' || actor in (
    'NOTHING PENDING patient', 'NOTHING PENDING staff', 'NOTHING PENDING system',
    'NOTHING CONFIRMED patient', 'NOTHING CONFIRMED staff', 'NOTHING CONFIRMED import',
    'NOTHING ARRIVED import', 'NOTHING IN_PROGRESS import', 'NOTHING COMPLETED import', 'NOTHING NO_SHOW import',
    'NOTHING CANCELLED import', 'NOTHING RESCHEDULED import', 'NOTHING EXPIRED import',
    'PENDING CONFIRMED patient', 'PENDING CONFIRMED staff',
    'PENDING CANCELLED patient', 'PENDING CANCELLED staff', 'PENDING CANCELLED system',
    'PENDING EXPIRED system',
    'CONFIRMED ARRIVED staff',
    'CONFIRMED CANCELLED patient', 'CONFIRMED CANCELLED staff', 'CONFIRMED CANCELLED system',
    'CONFIRMED RESCHEDULED patient', 'CONFIRMED RESCHEDULED staff',
    'CONFIRMED NO_SHOW staff', 'CONFIRMED NO_SHOW system',
    'ARRIVED IN_PROGRESS staff', 'ARRIVED NO_SHOW staff', 'IN_PROGRESS COMPLETED staff',
    'ARRIVED CONFIRMED staff', 'IN_PROGRESS ARRIVED staff', 'COMPLETED IN_PROGRESS staff',
    'NO_SHOW CONFIRMED staff', 'NO_SHOW ARRIVED staff', 'CANCELLED CONFIRMED staff'));

create function record_stays() returns trigger language plpgsql as $$
begin
  raise exception 'the record of appointments is append only' using hint = 'write another row that says what was wrong';
end $$;
create trigger record_stays before update or delete on appointment_events for each statement execute function record_stays();

-- What a professional's visits of this block take; null: as long as the prestación says.
alter table doctor_schedules add column duration_min integer check (duration_min between 1 and 480);

-- Until when the centre attends on that day; null: it does not attend at all.
alter table holidays add column half_day_until time;

-- One day that is not as the week says. What is closed here closes the weekly agenda and not what is opened here, so
-- that a day can be replaced; what is opened is open on a holiday too. An absence is stronger than both.
create table schedule_exceptions (
  id                  bigint generated always as identity primary key,
  center_id           bigint not null references centers,
  doctor_id           bigint references doctors,        -- null: the whole centre, which can only close
  day                 date not null,
  kind                text not null check (kind in ('OPEN', 'CLOSED')),
  start_time          time not null,
  end_time            time not null check (end_time > start_time),              -- 24:00 is the end of the day
  appointment_type_id bigint,                           -- of what is opened
  slot_minutes        integer check (slot_minutes between 1 and 480),
  duration_min        integer check (duration_min between 1 and 480),           -- null: as the prestación says
  reason              text not null,
  check (case kind when 'OPEN' then num_nulls(doctor_id, appointment_type_id, slot_minutes) = 0
                   else num_nonnulls(appointment_type_id, slot_minutes, duration_min) = 0 end),
  foreign key (center_id, appointment_type_id) references appointment_types (center_id, id),
  unique nulls not distinct (center_id, doctor_id, day, kind, start_time, end_time),
  -- nobody is in two rooms at once
  constraint schedule_exceptions_no_overlap exclude using gist (
    doctor_id with =, day with =,
    int4range((extract(epoch from start_time) / 60)::int, (extract(epoch from end_time) / 60)::int) with &&) where (kind = 'OPEN')
);
create index ix_schedule_exceptions_day on schedule_exceptions (center_id, day);
-- a booking asks who is away: a professional, or (null) a whole centre
create index ix_absences_doctor on absences (doctor_id, center_id);

-- Whether, and how, an hour is attended: one row for each block that a visit which begins then fits into from its
-- first minute to its last. `minutes` null: as long as the block, else the prestación, says. One query in the
-- language that the planner can write out where it is called, so it costs no more than if it stood there.
create function attended(at_center bigint, by_doctor bigint, for_type bigint, begins timestamp, minutes integer)
returns table (lasts integer, on_grid boolean) language sql stable as $$
  select v.lasts, mod((extract(epoch from begins::time - b.start_time) / 60)::int, b.slot_minutes) = 0
    from (select s.start_time, s.end_time, s.slot_minutes, s.duration_min, false as opened
            from doctor_schedules s
           where s.doctor_id = by_doctor and s.center_id = at_center and s.appointment_type_id = for_type
             and s.day_of_week = extract(isodow from begins) and s.valid @> begins::date
          union all
          select e.start_time, e.end_time, e.slot_minutes, e.duration_min, true
            from schedule_exceptions e
           where e.kind = 'OPEN' and e.center_id = at_center and e.day = begins::date
             and e.doctor_id = by_doctor and e.appointment_type_id = for_type) b
    join appointment_types t on t.id = for_type
    join centers c on c.id = at_center
   cross join lateral (select coalesce(minutes, b.duration_min, t.duration_min) as lasts) v
   cross join lateral (select begins - begins::date as from_midnight, begins - begins::date + make_interval(mins => v.lasts) as until_midnight) i
   where b.start_time <= begins::time and i.until_midnight <= b.end_time::interval
     and not exists (
       select from absences a
        where (a.doctor_id = by_doctor or a.doctor_id is null and a.center_id = at_center)
          and a.during && tsrange(begins, begins + make_interval(mins => v.lasts)))
     and (b.opened
          or not exists (
               select from schedule_exceptions x
                where x.kind = 'CLOSED' and x.center_id = at_center and x.day = begins::date
                  and (x.doctor_id = by_doctor or x.doctor_id is null)
                  and x.start_time::interval < i.until_midnight and i.from_midnight < x.end_time::interval)
             and not exists (
               select from holidays h
                where h.day = begins::date and h.scope in ('CL', c.code, c.region)
                  and (h.half_day_until is null or i.until_midnight > h.half_day_until::interval)))
$$;

-- As before, and for exceptions too.
create or replace function agenda_changed() returns trigger language plpgsql as $$
declare touched bigint[];
begin
  if tg_table_name = 'holidays' then
    touched := array(select c.id from centers c where exists (select from changed));
  elsif tg_table_name = 'doctors' then          -- known also where they attend away from home
    touched := array(select h.center_id from changed h
                     union select s.center_id from changed h join doctor_schedules s on s.doctor_id = h.id
                     union select e.center_id from changed h join schedule_exceptions e on e.doctor_id = h.id);
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
create trigger agenda_after_insert after insert on schedule_exceptions referencing new table as changed
  for each statement execute function agenda_changed();
create trigger agenda_after_update after update on schedule_exceptions referencing new table as changed
  for each statement execute function agenda_changed();
create trigger agenda_after_delete after delete on schedule_exceptions referencing old table as changed
  for each statement execute function agenda_changed();

-- A freed hour is offered to who waits for it. Nothing is offered where nobody could be told of it.
alter table centers add column waitlist_template text;  -- name of the approved template that tells of a freed hour; null: freed hours are offered to nobody

alter table waitlist
  add column notices    integer not null default 0,     -- hours offered so far; three at most
  add column noticed_on date,                           -- the centre's day of the last of them, one a day at most; null: none yet
  add column refusals   integer not null default 0;     -- of those; they cost no place

-- An hour held for an entry of the list: the hold is the appointment, under the same constraints and expiry as any.
create table waitlist_offers (
  id             bigint generated always as identity primary key,
  waitlist_id    bigint not null references waitlist on delete cascade,
  appointment_id bigint not null unique references appointments,
  why            text not null,                         -- why this entry: what it was ranked by
  offered_at     timestamptz not null,
  told_at        timestamptz,                           -- null: the patient was not written to yet
  answer         text check (answer in ('ACCEPTED', 'REFUSED', 'EXPIRED')),    -- null: not answered, as far as anybody noted
  answered_at    timestamptz,
  check ((answer is null) = (answered_at is null))
);
create index ix_waitlist_offers_open on waitlist_offers (waitlist_id) where answer is null;
create index ix_waitlist_offers_untold on waitlist_offers (id) where told_at is null and answer is null;
