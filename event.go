package postern

import "time"

// EventType names what a merchant is told.
type EventType string

// Event types. Their meaning never changes; new ones may come.
const (
	EventPaymentPaid      EventType = "payment.paid"
	EventPaymentExpired   EventType = "payment.expired"
	EventPaymentCanceled  EventType = "payment.canceled"
	EventAttemptUnknown   EventType = "payment.attempt_unknown"
	EventSurplusReceived  EventType = "surplus.received"
	EventSurplusAccepted  EventType = "surplus.accepted"
	EventSurplusRefunded  EventType = "surplus.refunded"
	EventRefundRefunded   EventType = "refund.refunded"
	EventRefundFailed     EventType = "refund.failed"
	EventRefundStuck      EventType = "refund.stuck"
	EventShareDone        EventType = "share.done"
	EventShareFailed      EventType = "share.failed"
	EventChannelSuspended EventType = "channel.suspended"
	EventChannelProbing   EventType = "channel.probing"
	EventChannelRestored  EventType = "channel.restored"
	EventClosureAnnounced EventType = "closure.announced"
	EventClosureMoved     EventType = "closure.moved"
	EventClosureWithdrawn EventType = "closure.withdrawn"
	EventCalendarAhead    EventType = "calendar.ahead"
	EventChannelsMoved    EventType = "channels.moved"
	EventChannelReplaced  EventType = "channel.replaced"
	EventPermissions      EventType = "channel.permissions_changed"
	EventOrderShipped     EventType = "order.shipped"
	EventOrderRefundAsked EventType = "order.refund_asked"
)

// EventTypes lists them all.
var EventTypes = []EventType{
	EventPaymentPaid, EventPaymentExpired, EventPaymentCanceled, EventAttemptUnknown, EventSurplusReceived, EventSurplusAccepted, EventSurplusRefunded,
	EventRefundRefunded, EventRefundFailed, EventRefundStuck, EventShareDone, EventShareFailed, EventChannelSuspended, EventChannelProbing, EventChannelRestored,
	EventClosureAnnounced, EventClosureMoved, EventClosureWithdrawn, EventCalendarAhead, EventChannelsMoved, EventChannelReplaced, EventPermissions,
	EventOrderShipped, EventOrderRefundAsked,
}

// Event is what we tell a merchant. Position is given after the commit by one sequencer per merchant; until then it is 0.
type Event struct {
	MerchantID string
	ID         string
	Type       EventType
	PaymentID  string
	// Data is the JSON of the object as it was when the event happened.
	Data      string
	Live      bool
	CreatedAt time.Time
	Position  int64
	// Hash chains the events of a merchant: SHA-256 over the previous hash and this event's body, in hex.
	Hash string
}

// Job is work that follows from a change; it is committed together with it. Args is JSON.
type Job struct {
	MerchantID string
	Kind       string
	Args       string
	RunAt      time.Time
}

// Kinds of jobs. Each is a plain, idempotent function of its arguments: it loads the state and decides anew.
const (
	JobPoll     = "attempt_poll"
	JobClose    = "attempt_close"
	JobExpire   = "payment_expire"
	JobRefund   = "refund_send"
	JobShare    = "share_send"
	JobSequence = "event_sequence"
	JobDeliver  = "webhook_deliver"
	JobFacade   = "facade_notice"
	JobProbe    = "channel_probe"
	// These three belong to an owner, which may be a partner or the platform.
	JobTellClosure = "closure_tell"
	JobFleetMove   = "fleet_move"
	JobFleetWatch  = "fleet_watch"
	// JobPermissions asks a provider what a channel may not do any more.
	JobPermissions = "channel_permissions"
)
