// Package provider is the port between the switch and the payment providers: what a connector must do (describe, start, query), what it may do besides
// (close, refund, notifications, ...), and the few types that cross the line. One folder below it is one provider.
package provider
