#!/usr/bin/env python3
"""Recompute the books of an export of Postern, and trust nothing else: python3 balance.py DIR

It needs Python 3.8 and its standard library, and no Postern. It reads DIR as docs/leaving.md describes it and checks that
  1. every file is the one that was exported, and no file is missing or there besides,
  2. every file of rows has as many rows as the manifest says,
  3. every transaction balances to zero in each currency,
  4. every receipt was booked with its amount, no more of it was given back or shared than was received, and at most one receipt of a payment paid it,
  5. refunds that reached the buyer or left us are in the books with their amounts, and receipts say the same sum,
  6. events are numbered without a gap and their hashes are a chain.
Then it prints the trial balance, in the words of `postern ledger balance`. It exits with 1 when anything differs.
"""
import hashlib
import json
import os
import sys
from collections import defaultdict

DIGITS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}  # minor digits; every other currency of Postern has 2


class Different(Exception):
    """What is wrong with the export."""


def need(holds, message):
    if not holds:
        raise Different(message)


def decimal(amount, currency):
    """Write minor units as a decimal: 6800 CNY is 68.00. Integers only: a float would lose cents."""
    digits = DIGITS.get(currency, 2)
    text = str(abs(amount)).rjust(digits + 1, "0")
    if digits:
        text = text[:-digits] + "." + text[-digits:]
    return ("-" if amount < 0 else "") + text


def check_sums(folder):
    """Hold every file against SHA256SUMS, as sha256sum -c does, and look for files that have no sum."""
    sums = {}
    with open(os.path.join(folder, "SHA256SUMS"), encoding="ascii") as lines:
        for line in lines:
            digest, name = line.rstrip("\n").split("  ", 1)
            sums[name] = digest
    for path, _, files in os.walk(folder):
        for name in files:
            name = os.path.relpath(os.path.join(path, name), folder).replace(os.sep, "/")
            need(name in sums or name == "SHA256SUMS", f"{name} has no sum")
    for name, digest in sums.items():
        seen = hashlib.sha256()
        try:
            with open(os.path.join(folder, name), "rb") as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    seen.update(block)
        except FileNotFoundError:
            raise Different(f"{name} is missing") from None
        need(seen.hexdigest() == digest, f"{name} is not the file that was exported")


class Export:
    """The rows of an export, one at a time: a big one is never in memory."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as file:
            self.manifest = json.load(file)
        need(self.manifest["format"] == 1, "this script reads format 1")
        self.counted = {t["file"]: t["rows"] for t in self.manifest["tables"]}

    def rows(self, table):
        name, n = f"rows/{table}.jsonl", 0
        need(name in self.counted, f"the manifest does not name {name}")
        with open(os.path.join(self.folder, name), encoding="utf-8", newline="\n") as lines:
            for n, line in enumerate(lines, 1):
                row = json.loads(line)
                need(row.get("merchant_id", self.manifest["merchant_id"]) == self.manifest["merchant_id"], f"{name}, line {n}: another merchant's row")
                yield row
        need(n == self.counted[name], f"{name} has {n} rows, the manifest says {self.counted[name]}")


def check_books(export):
    """Add the postings up, by account and by what they are about."""
    about = {t["id"]: (t["kind"], t["receipt_id"], t["refund_id"]) for t in export.rows("ledger_transaction")}
    balance, off = defaultdict(int), defaultdict(int)
    received, returned = defaultdict(int), defaultdict(int)  # by receipt, and by refund: what moved on the provider's side
    lines = defaultdict(int)
    for p in export.rows("posting"):
        transaction, amount = p["transaction_id"], p["amount"]
        need(transaction in about, f"a posting of {transaction}, which is no transaction")
        need(type(amount) is int, f"{transaction}: an amount is no integer")
        kind, receipt, refund = about[transaction]
        balance[p["account"], p["currency"]] += amount
        off[transaction, p["currency"]] += amount
        lines[transaction] += 1
        if p["account"].startswith("receivable:"):
            if kind in ("receipt_applied", "surplus_received"):
                received[receipt, p["currency"]] += amount
            elif refund:
                returned[refund, p["currency"]] -= amount
    for (transaction, currency), amount in off.items():
        need(amount == 0, f"{transaction} is off by {decimal(amount, currency)} {currency}")
    for transaction in about:
        need(lines[transaction] >= 2, f"{transaction} has no postings")
    return balance, received, returned


def check_receipts(export, received, returned):
    """Hold receipts and refunds against the books, both ways."""
    given = defaultdict(int)  # by receipt: what is back with the buyer or left us
    for r in export.rows("refund"):
        key = r["id"], r["currency"]
        moved = r["status"] in ("refunded", "stuck")
        need(returned.pop(key, 0) == (r["amount"] if moved else 0), f"{r['id']} is {r['status']} and the books say otherwise")
        if r["status"] == "refunded":
            given[r["receipt_id"], r["currency"]] += r["amount"]
    need(not returned, f"the books give back what is no refund: {sorted(returned)[:1]}")
    paid = set()
    for r in export.rows("receipt"):
        key = r["id"], r["currency"]
        need(received.pop(key, 0) == r["amount"], f"{r['id']} is not in the books with its amount")
        need(r["refunded"] + r["refund_reserved"] <= r["amount"], f"{r['id']}: more was given back than was received")
        need((r["shared"] or 0) <= r["amount"], f"{r['id']}: more was shared than was received")
        need(given.pop(key, 0) == r["refunded"], f"{r['id']}: its refunds do not add up to what it says")
        if r["taken_as"] == "applied":
            need(r["payment_id"] not in paid, f"{r['payment_id']} is paid twice")
            paid.add(r["payment_id"])
    need(not received, f"the books received what is no receipt: {sorted(received)[:1]}")
    need(not given, f"a refund of no receipt: {sorted(given)[:1]}")


def check_events(export):
    """Follow the chain: each hash is over the one before, the id, the type and the data, with a line feed between."""
    early, position, chain = {}, 0, ""  # rows are in the order of ids, numbers in that of commits
    for event in export.rows("event"):
        if event["position"]:
            need(event["position"] > position and event["position"] not in early, f"{event['id']} has a number that is taken")
            early[event["position"]] = event
        while position + 1 in early:
            position += 1
            e = early.pop(position)
            chain = hashlib.sha256("\n".join((chain, e["id"], e["type"], e["data"])).encode()).hexdigest()
            need(chain == e["hash"], f"{e['id']} breaks the chain of events")
    need(not early, f"event {position + 1} is missing")
    for head in export.rows("event_head"):
        need((head["position"], head["hash"]) == (position, chain), "the last events are missing")


def main(folder):
    check_sums(folder)
    export = Export(folder)
    balance, received, returned = check_books(export)
    check_receipts(export, received, returned)
    check_events(export)
    names = {"receivable:" + c["id"]: c["provider"] for c in export.rows("channel")}
    sums = defaultdict(int)
    print("%-48s %16s %16s" % ("account", "debit", "credit"))
    for (account, currency), amount in sorted(balance.items()):
        text = decimal(abs(amount), currency)
        debit, credit = (text, "") if amount >= 0 else ("", text)
        print("%-48s %16s %16s %s" % ((account + " " + names.get(account, "")).strip(), debit, credit, currency))
        sums[currency] += amount
    for currency, amount in sorted(sums.items()):
        need(amount == 0, f"the books are off by {decimal(amount, currency)} {currency}")
        print("%-48s %16s" % ("sum " + currency, decimal(amount, currency)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: balance.py DIR")
    try:
        main(sys.argv[1])
    except (Different, OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"balance.py: {error!r}")
