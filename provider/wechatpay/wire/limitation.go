package wire

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Paths of what WeChat says of a service provider's merchants.
const (
	pathLimitations = "/v3/mch-operation-manage/merchant-limitations/sub-mchid/"
	PathViolations  = "/v3/merchant-risk-manage/violation-notifications"
)

// PatternLimitations is LimitationsPath as a pattern of net/http.
const PatternLimitations = pathLimitations + "{no}"

// LimitationsPath is the request target that asks what a sub-merchant may not do. Only its service provider may ask.
func LimitationsPath(subMchID string) string { return pathLimitations + url.PathEscape(subMchID) }

// Limited functions as the documentation of the query lists them (2025), each with its words there.
const (
	LimitTransaction         = "NO_TRANSACTION"                  // 关闭收单: no payments are taken
	LimitTransactionRecharge = "NO_TRANSACTION_AND_RECHARGE"     // 关闭收单和充值: nor is the balance filled
	LimitRefund              = "NO_REFUND"                       // 关闭退款
	LimitWithdrawal          = "NO_WITHDRAWAL"                   // 关闭提现
	LimitPayment             = "NO_PAYMENT"                      // 关闭付款: money of the merchant's own is paid to nobody
	LimitProfitSharing       = "NO_PROFIT_SHARING"               // 关闭分账分出
	LimitPaymentPoint        = "NO_PAYMENT_POINT_COMPLETE_ORDER" // 关闭支付分服务结单
)

// Limitations is what a sub-merchant may not do, and why.
type Limitations struct {
	MchID     string     `json:"mchid"`
	Functions []string   `json:"limited_functions"`
	Other     string     `json:"other_limited_functions,omitempty"`
	Recovery  []Recovery `json:"recovery_specifications,omitempty"`
}

// Recovery is one case behind a limitation, and the way out of it.
type Recovery struct {
	CaseID    string   `json:"limitation_case_id,omitempty"`
	Type      string   `json:"limitation_reason_type,omitempty"`
	Reason    string   `json:"limitation_reason,omitempty"`
	Describe  string   `json:"limitation_reason_describe,omitempty"`
	Functions []string `json:"relate_limitations,omitempty"`
	Other     string   `json:"other_relate_limitations,omitempty"`
	Way       string   `json:"recover_way,omitempty"`
	WayParam  string   `json:"recover_way_param,omitempty"`
	HelpURL   string   `json:"recover_help_url,omitempty"`
	Start     string   `json:"limitation_start_date,omitempty"`
}

// LimitedFunction is one function with WeChat's words for it. From is zero for one that is limited now, and the start of one whose limit is only announced.
type LimitedFunction struct {
	Name, Why string
	From      time.Time
}

// Limited lists what is limited, and what will be: WeChat announces some limits with the day on which they begin.
func (l Limitations) Limited(now time.Time) []LimitedFunction {
	var all []LimitedFunction
	seen := map[string]bool{}
	for _, f := range l.Functions {
		seen[f] = true
		all = append(all, LimitedFunction{Name: f, Why: l.Why(f)})
	}
	for _, r := range l.Recovery {
		start, err := ParseTime(r.Start)
		for _, f := range r.Functions {
			if err == nil && start.After(now) && !seen[f] {
				seen[f] = true
				all = append(all, LimitedFunction{Name: f, Why: l.Why(f), From: start})
			}
		}
	}
	return all
}

// Why is a limited function with WeChat's words for it: the reasons, and the way out.
func (l Limitations) Why(function string) string {
	words := []string{function}
	for _, r := range l.Recovery {
		if slices.Contains(r.Functions, function) {
			words = append(words, r.Reason, r.Describe, r.Way)
		}
	}
	return sentence(words...)
}

// sentence joins what is not empty.
func sentence(words ...string) string {
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// Text is what a violation says to people.
func (v Violation) Text() string {
	return sentence(v.Plan, v.Description, v.Risk, v.RiskText, v.RecordID)
}

// ViolationNotify is the body that registers where violations are told, and its answer.
type ViolationNotify struct {
	NotifyURL string `json:"notify_url"`
}

// Event types of violations.
const (
	EventPunish    = "VIOLATION.PUNISH"
	EventIntercept = "VIOLATION.INTERCEPT"
	EventAppeal    = "VIOLATION.APPEAL"
)

// Violation says that the notification is one, whose resource is a Violation.
func (n Notification) Violation() bool { return strings.HasPrefix(n.EventType, "VIOLATION.") }

// Violation is the decrypted resource of such a notification. PunishPlan is free text, so it says that something changed and not what.
type Violation struct {
	SubMchID    string `json:"sub_mchid"`
	Company     string `json:"company_name,omitempty"`
	RecordID    string `json:"record_id"`
	Plan        string `json:"punish_plan,omitempty"`
	Time        string `json:"punish_time,omitempty"`
	Description string `json:"punish_description,omitempty"`
	Risk        string `json:"risk_type,omitempty"`
	RiskText    string `json:"risk_description,omitempty"`
}

// ParseViolation reads one strictly: it must name the merchant.
func ParseViolation(plain []byte) (Violation, error) {
	var v Violation
	if err := Decode(plain, &v); err != nil {
		return v, err
	}
	if v.SubMchID == "" {
		return v, fmt.Errorf("%w: sub_mchid is missing", ErrJSON)
	}
	return v, nil
}
