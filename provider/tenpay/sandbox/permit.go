package sandbox

// Permit withdraws pay, refund or settle from a merchant, or gives it back. What is paid and given back already goes on being told. Nothing here shows whether money is settled: that act is
// remembered and refuses nothing.
func (b buttons) Permit(act, merchant string, allowed bool) error {
	return b.s.gate.Permit(act, merchant, allowed)
}
