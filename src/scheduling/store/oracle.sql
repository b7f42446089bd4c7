with asked as (
  select c.id as center_id, c.code, c.region, c.tz, t.id as type_id, t.max_horizon_days, t.duration_min, t.buffer_after_min,
         make_interval(mins => t.min_notice_min) as notice
    from centers c join appointment_types t on t.center_id = c.id
   where c.id = $1 and t.id = $2
), days as (
  select q.*, d::date as day
    from asked q, generate_series($4::date, $5::date - 1, interval '1 day') as d
   where d::date <= ($6::timestamptz at time zone q.tz)::date + q.max_horizon_days
), blocks as (
  -- the week, and days that were opened besides
  select d.*, s.doctor_id, s.start_time, s.end_time, s.slot_minutes, s.duration_min as own, false as opened
    from days d
    join doctor_schedules s on s.center_id = d.center_id and s.appointment_type_id = d.type_id
     and s.day_of_week = extract(isodow from d.day) and s.valid @> d.day
  union all
  select d.*, e.doctor_id, e.start_time, e.end_time, e.slot_minutes, e.duration_min, true
    from days d
    join schedule_exceptions e on e.center_id = d.center_id and e.day = d.day and e.kind = 'OPEN' and e.appointment_type_id = d.type_id
), starts as (
  select b.*, g as start, g at time zone b.tz as starts_at, l.duration, l.duration + make_interval(mins => b.buffer_after_min) as busy
    from blocks b
    join doctors who on who.id = b.doctor_id and who.active
   cross join lateral (select make_interval(mins => coalesce(b.own, b.duration_min)) as duration) l
   cross join generate_series(b.day + b.start_time, b.day + b.end_time::interval - l.duration, make_interval(mins => b.slot_minutes)) as g
   where $3::bigint[] is null or b.doctor_id = any($3)
)
select s.doctor_id as "doctor_id!", s.start as "start!"
  from starts s
 where s.starts_at >= $6::timestamptz + s.notice
   -- a visit whose first or last minute does not exist or happens twice on the wall is nobody's hour
   and not exists (
     select from (values (s.start, s.starts_at),
                         (s.start + s.duration - interval '1 minute', s.starts_at + s.duration - interval '1 minute')) as m(wall, at)
      where m.at at time zone s.tz <> m.wall
         or (m.at - interval '1 hour') at time zone s.tz = m.wall or (m.at + interval '1 hour') at time zone s.tz = m.wall)
   and not exists (
     select from absences b
      where (b.doctor_id = s.doctor_id or b.doctor_id is null and b.center_id = s.center_id)
        and b.during && tsrange(s.start, s.start + s.duration))
   -- what was opened is open on a holiday too
   and (s.opened or not exists (
     select from schedule_exceptions x
      where x.kind = 'CLOSED' and x.center_id = s.center_id and x.day = s.day and (x.doctor_id = s.doctor_id or x.doctor_id is null)
        and tsrange(x.day + x.start_time, x.day + x.end_time::interval) && tsrange(s.start, s.start + s.duration)))
   and (s.opened or not exists (
     select from holidays h
      where h.day = s.day and h.scope in ('CL', s.code, s.region)
        and s.start + s.duration > h.day + coalesce(h.half_day_until, '00:00')))
   -- with `blocks` and `appointment_date` the indexes are used; with the overlap alone all rows of the professional are read
   and not exists (
     select from appointments a
      where a.doctor_id = s.doctor_id and a.appointment_date = s.day and a.blocks and a.lane = 0
        and a.busy && tstzrange(s.starts_at, s.starts_at + s.busy)
        and (a.hold_expires_at is null or a.hold_expires_at > $6))
 order by s.start, s.doctor_id
 limit $7
