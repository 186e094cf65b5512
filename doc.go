// Package postern is the domain of a self-hosted payment switch: payments, attempts, receipts, surpluses and refunds, and the rules by which they change.
//
// It imports the standard library only, reads no clock and performs no I/O. The states are explicit tables (states.go); one pure function applies an event to
// a payment (apply.go) and another to a refund (apply_refund.go). What follows from a change (postings, events, jobs) comes out as data, for the engine to
// commit together with the rows.
//
// Money is integer minor units and an ISO 4217 code. Times are UTC, to the microsecond. Ids are a prefix and 26 characters that sort by time.
package postern
