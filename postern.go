// Package postern is the domain of a self-hosted payment switch: payments, attempts, receipts, refunds and the rules by which they change. It imports the
// standard library only and performs no I/O; every other room of the house imports it.
package postern
