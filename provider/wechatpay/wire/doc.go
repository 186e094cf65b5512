// Package wire is WeChat Pay's API v3 as it stands on the wire: messages, canonical strings, the Authorization header, encrypted resources, the platform
// certificate list and the error envelope. The connector, the sandbox and later the facade share it, so it holds facts of the protocol only: no policy, no
// keys and no I/O. Signing, verifying and AES-GCM come in as functions because key bytes never leave the vault.
//
// Source of the protocol facts unless a comment names another: the API v3 pages of pay.weixin.qq.com (signature generation, response and notification
// verification, certificate decryption, the order, refund and notification pages), checked against the official SDKs wechatpay-go 0.2.21 and wechatpay-java
// 0.2.17. Amounts are integer fen (1/100 CNY). Times are RFC 3339 with the fixed offset +08:00.
package wire
