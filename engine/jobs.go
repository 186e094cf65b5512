package engine

import (
	"context"
	"encoding/json"
	"time"

	"postern"
)

// Handler is a job as a plain function: it returns when to run again (0: done) or an error to be retried.
type Handler func(ctx context.Context, job postern.Job) (again time.Duration, err error)

// Jobs maps the kinds of jobs that change money to the verbs that do them. Each verb loads the state and decides anew, so a job may run twice or late.
func (e *Engine) Jobs() map[string]Handler {
	verb := func(do func(ctx context.Context, merchantID, id string) (time.Duration, error)) Handler {
		return func(ctx context.Context, job postern.Job) (time.Duration, error) {
			var args jobArgs
			if err := json.Unmarshal([]byte(job.Args), &args); err != nil {
				return 0, postern.Wrap(postern.CodeInternal, "engine.Jobs", err)
			}
			return do(asJob(ctx), job.MerchantID, args.ID)
		}
	}
	return map[string]Handler{
		postern.JobPoll:   verb(e.Poll),
		postern.JobClose:  verb(e.Close),
		postern.JobExpire: verb(e.Expire),
		postern.JobRefund: verb(e.SendRefund),
		postern.JobShare:  verb(e.SendShare),
		postern.JobProbe:  verb(e.Probe),
		postern.JobFacade: verb(e.SendFacadeNotice),

		postern.JobTellClosure: e.tellJob,
		postern.JobPermissions: verb(e.AskPermissions),
		postern.JobFleetMove:   verb(e.RunFleetMove),
		postern.JobFleetWatch:  verb(e.WatchFleetMove),
	}
}
