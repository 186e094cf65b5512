package sandbox

import (
	"net/http"

	"postern/provider/wechatpay/wire"
)

// certificates lists the live platform certificates under the caller's APIv3 key.
func (s *Sandbox) certificates(c *call) (any, *refusal) {
	switch c.URL.Query().Get("algorithm_type") {
	case "", "RSA", "ALL":
	default:
		return nil, badField("/algorithm_type", "this sandbox has RSA keys only")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) == 0 {
		return nil, refuse(http.StatusNotFound, wire.CodeResourceNotExists, "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")
	}
	var list wire.CertificateList
	for _, k := range s.keys {
		box, err := wire.SealResource("", "certificate", s.text(hexes, 12), k.Certificate, sealWith(c.account.APIv3Key))
		if err != nil {
			return nil, refuse(http.StatusInternalServerError, wire.CodeSystemError, err.Error())
		}
		list.Data = append(list.Data, wire.Certificate{SerialNo: k.Serial, EffectiveTime: wire.FormatTime(k.From), ExpireTime: wire.FormatTime(k.Until),
			Encrypted: box})
	}
	return list, nil
}
