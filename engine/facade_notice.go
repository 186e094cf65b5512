package engine

import (
	"context"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
)

// followFacade adds to a commit what a merchant's server must be told of it in its provider's words: the events that the commit makes say what happened.
func (e *Engine) followFacade(ctx context.Context, c *store.Change) error {
	for _, event := range c.Events {
		refundID := ""
		switch event.Type {
		case postern.EventPaymentPaid, postern.EventPaymentExpired, postern.EventPaymentCanceled:
		case postern.EventRefundRefunded, postern.EventRefundFailed, postern.EventRefundStuck:
			if len(c.Refunds) == 0 || c.Refunds[0].SurplusID != "" {
				continue
			}
			refundID = c.Refunds[0].ID
		default:
			continue
		}
		accountID := ""
		if c.Payment != nil {
			accountID = c.Payment.FacadeAccountID
		} else if p, err := e.Store.Payment(ctx, c.MerchantID, event.PaymentID); err == nil {
			accountID = p.FacadeAccountID
		} else {
			return err
		}
		if accountID == "" {
			return nil
		}
		notice, err := e.facadeNotice(ctx, c, accountID, event, refundID)
		if err != nil {
			return err
		}
		if notice.ID != "" {
			c.FacadeNotices = append(c.FacadeNotices, notice)
			c.Jobs = append(c.Jobs, e.job(c.MerchantID, postern.JobFacade, notice.ID, c.At))
		}
	}
	return nil
}

func (e *Engine) facadeNotice(ctx context.Context, c *store.Change, accountID string, event postern.Event, refundID string) (postern.FacadeNotice, error) {
	order, err := e.Store.FacadeOrderOf(ctx, c.MerchantID, event.PaymentID)
	if err != nil {
		return postern.FacadeNotice{}, err
	}
	n := postern.FacadeNotice{
		MerchantID: c.MerchantID, ID: postern.DerivedID(postern.PrefixFacadeNotice, c.At, order.PaymentID, string(event.Type), refundID), AccountID: accountID, Number: order.Number,
		CreatedAt: c.At, UpdatedAt: c.At,
	}
	address := order.NotifyURL
	if refundID != "" {
		refund, err := e.Store.FacadeRefundOf(ctx, c.MerchantID, refundID)
		if postern.CodeOf(err) == postern.CodeNotFound && err != nil { // made in the console or by the API: the merchant's code knows no number for it
			return postern.FacadeNotice{}, nil
		}
		if err != nil {
			return n, err
		}
		n.RefundNo = refund.Number
		if refund.NotifyURL != "" {
			address = refund.NotifyURL
		}
	}
	if address == "" {
		return postern.FacadeNotice{}, nil
	}
	return n, nil
}

// maxNoticeAnswer bounds what is read of a merchant's answer, in bytes.
const maxNoticeAnswer = 4 << 10

// SendFacadeNotice is the job that tells a merchant's server in its provider's words, on that provider's schedule. The returned time is when to run again.
func (e *Engine) SendFacadeNotice(ctx context.Context, merchantID, id string) (time.Duration, error) {
	n, err := e.Store.FacadeNotice(ctx, merchantID, id)
	if err != nil || !n.DoneAt.IsZero() {
		return 0, err
	}
	a, err := e.Store.Facade(ctx, merchantID, n.AccountID)
	if err != nil {
		return 0, err
	}
	faced, err := e.Faced(a.Provider)
	if err != nil {
		return 0, err
	}
	message, tells, err := e.noticeMessage(ctx, faced, a, n)
	if err != nil {
		return 0, err
	}
	n.UpdatedAt = e.now()
	again := time.Duration(0)
	if tells {
		status, body, sendErr := e.sendNotice(ctx, message)
		n.Tries, n.LastStatus, n.LastError = n.Tries+1, int64(status), ""
		if sendErr != nil {
			n.LastError = cut(sendErr.Error(), maxLinkText)
		}
		retries := faced.Face().Retries
		if !faced.NoticeAcknowledged(status, body) && int(n.Tries) <= len(retries) {
			again = retries[n.Tries-1]
		}
	}
	if again == 0 {
		n.DoneAt = n.UpdatedAt
	}
	return again, e.commit(ctx, store.Change{MerchantID: merchantID, At: n.UpdatedAt, FacadeNotices: []postern.FacadeNotice{n}})
}

func (e *Engine) noticeMessage(ctx context.Context, faced provider.Faced, a postern.FacadeAccount, n postern.FacadeNotice) (provider.FaceNotice, bool, error) {
	face, err := e.FaceAccount(ctx, a)
	if err != nil {
		return provider.FaceNotice{}, false, err
	}
	order, err := e.FindFaced(ctx, a, provider.FaceKey{Number: n.Number})
	if err != nil {
		return provider.FaceNotice{}, false, err
	}
	var refund *provider.FacedRefund
	if n.RefundNo != "" {
		_, found, err := e.FindRefundFaced(ctx, a, provider.FaceKey{Number: n.Number}, n.RefundNo)
		if err != nil {
			return provider.FaceNotice{}, false, err
		}
		refund = &found
	}
	return faced.Notice(face, order, refund, strings.TrimPrefix(n.ID, postern.PrefixFacadeNotice), e.now())
}

func (e *Engine) sendNotice(ctx context.Context, m provider.FaceNotice) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, e.callTimeout(""))
	defer cancel()
	status, body, err := provider.Send(ctx, e.outward(), m, maxNoticeAnswer)
	return status, body, err
}

// outward is HTTP to merchants' own servers.
func (e *Engine) outward() provider.Doer {
	if e.Outward != nil {
		return e.Outward
	}
	return e.Env.HTTP
}
