package postern

// money books proof of money. A transaction number that is already booked changes nothing: receipts are unique by (credential set, transaction number),
// never by order number, so that a second payment of one order is seen as what it is.
func (c *change) money(f MoneyArrived) error {
	a, err := c.attempt(f.AttemptID)
	if err != nil {
		return err
	}
	for i := range c.state.Receipts {
		if r := &c.state.Receipts[i]; r.CredentialSetID == a.CredentialSetID && r.TxnNo == f.TxnNo {
			if f.Reversed {
				c.takenBack(r, f)
			}
			return nil
		}
	}
	if a.Status != AttemptPaid {
		if a.Status, err = AttemptStates.Next(a.Status, OnMoney); err != nil {
			return err
		}
	}
	c.touch(a.ID)
	receipt := Receipt{
		MerchantID: c.state.Payment.MerchantID, ID: f.ReceiptID, PaymentID: c.state.Payment.ID, AttemptID: a.ID, ChannelID: a.ChannelID,
		CredentialSetID: a.CredentialSetID, Provider: a.Provider, TxnNo: f.TxnNo, Amount: f.Amount, Currency: f.Currency, Use: ReceiptApplied,
		PaidAt: f.PaidAt, CreatedAt: c.now,
	}
	if reason := c.surplusReason(*a, f); reason != "" {
		receipt.Use = ReceiptSurplus
		return c.surplus(receipt, reason, f)
	}
	return c.apply(receipt)
}

// takenBack books a reversal of money that had been booked before the reversal's answer came: the provider gave it back, whole. What a refund has reserved or given
// back already is not given twice by us, so only an untouched receipt is booked here; of anything else the statement tells.
func (c *change) takenBack(r *Receipt, f MoneyArrived) {
	if r.Refunded != 0 || r.RefundReserved != 0 || r.Amount != f.Amount {
		return
	}
	p := c.state.Payment
	refund := Refund{
		MerchantID: p.MerchantID, ID: f.RefundID, PaymentID: p.ID, ReceiptID: r.ID, AttemptID: r.AttemptID, ChannelID: r.ChannelID, Reference: "reversal:" + r.ID, Number: f.RefundNumber,
		Amount: r.Amount, Currency: r.Currency, Reason: "reversed", Status: RefundRefunded, CreatedAt: c.now, UpdatedAt: c.now,
	}
	book, told := Booking{Kind: BookRefund, ChannelID: r.ChannelID, PaymentID: p.ID, ReceiptID: r.ID, RefundID: refund.ID, Amount: r.Amount, Currency: r.Currency}, EventRefundRefunded
	for i := range c.state.Surpluses {
		if u := &c.state.Surpluses[i]; u.ReceiptID == r.ID && u.Status == SurplusHeld {
			u.Status, u.RefundID, u.UpdatedAt = SurplusRefunded, refund.ID, c.now
			refund.SurplusID, book.SurplusID, book.Kind, told = u.ID, u.ID, BookSurplusReturn, EventSurplusRefunded
			c.touch(u.ID)
		}
	}
	r.Refunded = r.Amount // for who reads the state; the row changes by its move
	c.touch(p.ID)
	c.out.Refunds, c.out.Moves, c.out.Bookings = append(c.out.Refunds, refund), append(c.out.Moves, ReceiptMove{ReceiptID: r.ID, Direct: r.Amount}), append(c.out.Bookings, book)
	c.tell(Telling{Type: told, RefundID: refund.ID, SurplusID: refund.SurplusID, AttemptID: r.AttemptID})
}

// surplusReason says why money cannot be taken for the payment; empty means that it can.
func (c *change) surplusReason(a Attempt, f MoneyArrived) SurplusReason {
	p := c.state.Payment
	switch {
	case f.Reversed:
		return SurplusReversed
	case f.Amount != a.Amount || f.Currency != a.Currency:
		return SurplusMismatch
	case p.Status == PaymentPaid:
		return SurplusDuplicate
	case (p.Status == PaymentExpired || p.Status == PaymentCanceled) && p.LatePayment != LateAccept:
		return SurplusLate
	}
	return ""
}

// apply takes a receipt for the payment and closes every other attempt that a buyer could still pay.
func (c *change) apply(r Receipt) error {
	p := &c.state.Payment
	on := OnMoney
	if p.Status == PaymentExpired || p.Status == PaymentCanceled {
		on = OnLate
	}
	status, err := PaymentStates.Next(p.Status, on)
	if err != nil {
		return err
	}
	p.Status, p.PaidAt = status, r.PaidAt
	c.state.Receipts = append(c.state.Receipts, r)
	c.touch(p.ID, r.ID)
	c.out.Bookings = append(c.out.Bookings, Booking{Kind: BookReceipt, ChannelID: r.ChannelID, PaymentID: p.ID, ReceiptID: r.ID, Amount: r.Amount, Currency: r.Currency})
	c.tell(Telling{Type: EventPaymentPaid, AttemptID: r.AttemptID})
	for _, a := range c.state.Live() {
		if err := c.closeWanted(a.ID, 0); err != nil {
			return err
		}
	}
	return nil
}

// surplus books a receipt beyond what the payment asked for and, where the policy says so, reserves the refund that gives it back in the same commit.
func (c *change) surplus(r Receipt, reason SurplusReason, f MoneyArrived) error {
	p := c.state.Payment
	u := Surplus{
		MerchantID: p.MerchantID, ID: f.SurplusID, PaymentID: p.ID, ReceiptID: r.ID, ChannelID: r.ChannelID, Reason: reason, Amount: r.Amount,
		Currency: r.Currency, Status: SurplusHeld, CreatedAt: c.now, UpdatedAt: c.now,
	}
	c.out.Bookings = append(c.out.Bookings, Booking{Kind: BookSurplus, ChannelID: r.ChannelID, PaymentID: p.ID, ReceiptID: r.ID, SurplusID: u.ID, Amount: r.Amount, Currency: r.Currency})
	c.tell(Telling{Type: EventSurplusReceived, SurplusID: u.ID, AttemptID: r.AttemptID})
	refund := Refund{
		MerchantID: p.MerchantID, ID: f.RefundID, PaymentID: p.ID, ReceiptID: r.ID, AttemptID: r.AttemptID, ChannelID: r.ChannelID, SurplusID: u.ID,
		Reference: "surplus:" + u.ID, Number: f.RefundNumber, Amount: r.Amount, Currency: r.Currency, Reason: "surplus " + string(reason),
		Status: RefundReserved, CreatedAt: c.now, UpdatedAt: c.now,
	}
	switch {
	case reason == SurplusReversed:
		// The provider gave it back already: receipt, surplus and refund are booked together, so that both lines of its bill match.
		u.Status, u.RefundID, refund.Status, r.Refunded = SurplusRefunded, refund.ID, RefundRefunded, r.Amount
		c.out.Refunds = append(c.out.Refunds, refund)
		c.out.Bookings = append(c.out.Bookings, Booking{Kind: BookSurplusReturn, ChannelID: r.ChannelID, PaymentID: p.ID, ReceiptID: r.ID, SurplusID: u.ID, RefundID: refund.ID, Amount: r.Amount, Currency: r.Currency})
		c.tell(Telling{Type: EventSurplusRefunded, SurplusID: u.ID, RefundID: refund.ID})
	case f.Policy.GivesBack(reason):
		u.Status, u.RefundID, r.RefundReserved = SurplusRefunding, refund.ID, r.Amount
		c.out.Refunds = append(c.out.Refunds, refund)
		c.want(JobRefund, refund.ID, c.now)
	}
	c.state.Receipts = append(c.state.Receipts, r)
	c.state.Surpluses = append(c.state.Surpluses, u)
	c.touch(r.ID, u.ID)
	return c.settle()
}
