#!/usr/bin/env python3
"""How long public engines take for the messages of benches/understand.rs, and the ratio to ours.

They read only days and hours; ours reads those and everything else that a message can mean. None is a dependency:

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install dateparser recognizers-text-suite "emoji<2"
    cargo bench --bench understand -- --json > /tmp/ours.json
    /tmp/peers/bin/python benches/understand_peers.py /tmp/ours.json

An engine that is not installed is left out and said so.
"""

import datetime
import json
import statistics
import sys
import time

NOW = datetime.datetime(2026, 11, 25, 9)


def dateparser():
    from dateparser.search import search_dates

    settings = {"RELATIVE_BASE": NOW}
    return lambda text: search_dates(text, languages=["es"], settings=settings)


def recognizers():
    from recognizers_date_time import Culture, DateTimeRecognizer

    model = DateTimeRecognizer(Culture.Spanish).get_datetime_model()
    return lambda text: model.parse(text, NOW)


def microseconds(read, text):
    rounds = []
    for _ in range(5):
        begun = time.perf_counter()
        try:
            read(text)
        except Exception:  # an engine that fails on a text has still taken its time
            pass
        rounds.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(rounds)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    ours = json.loads(text[text.index("[") :])
    mine = statistics.median(one["microseconds"] for one in ours)
    print(f"ours: median {mine:.1f} µs of {len(ours)} messages")
    for name, make in (("dateparser", dateparser), ("Recognizers-Text", recognizers)):
        try:
            read = make()
        except ImportError as missing:
            print(f"{name}: left out, {missing}")
            continue
        read("mañana a las 10")
        theirs = statistics.median(microseconds(read, one["text"]) for one in ours)
        print(f"{name}: median {theirs:,.0f} µs, {theirs / mine:,.0f} times ours")


if __name__ == "__main__":
    main()
