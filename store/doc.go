// Package store is all SQL of the house: one text for SQLite and PostgreSQL. The engine writes through Commit only; everything else reads, or writes rows
// that are not money (channels, keys, endpoints).
package store
