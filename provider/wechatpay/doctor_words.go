package wechatpay

import (
	"slices"

	"postern/provider"
)

// mistakes are what people do to messages of this protocol, beside what they do to those of any.
var mistakes = slices.Concat(provider.CommonMistakes, provider.Mistakes{
	{Code: "authorization_malformed", ZH: "Authorization 头的写法不对：{}。", EN: "The Authorization header is not written as it should be: {}."},
	{Code: "method_case", ZH: "待签内容里 HTTP 方法的大小写不对：请用大写，与请求行一致。", EN: "The HTTP method in the text is in the wrong case: use upper case, as on the request line."},
	{Code: "nonce_case", ZH: "待签内容里随机串的大小写与消息头里的不一致：两处请用同一个值。", EN: "The nonce in the text is in another case than in the header: use one value in both."},
	{Code: "body_not_signed", ZH: "签名没有包含正文：请把正文原样放进待签内容的最后一行。", EN: "The body is not signed: put it as it is into the last line of the text."},
	{Code: "empty_body_signed", ZH: "没有正文的请求签了 {}：没有正文时这一行留空。", EN: "A request without a body was signed with {}: without a body the line stays empty."},
	{Code: "empty_line_missing", ZH: "没有正文时也要保留那一个空行：待签内容以随机串和两个换行结尾。", EN: "The empty line is kept without a body too: the text ends in the nonce and two line feeds."},
	{Code: "serial_of_platform", ZH: "serial_no 写的是微信支付公钥 ID（{}）：请填商户 API 证书的序列号。", EN: "serial_no is the id of WeChat Pay's public key ({}): write the serial number of the merchant's API certificate."},
	{Code: "serial_not_of_key", ZH: "serial_no 与签名的私钥不是一对，这张证书的序列号是 {}：请改成它。", EN: "serial_no is not that of the certificate of the signing key, which is {}: write that one."},
	{Code: "request_other_pair", ZH: "请求不是用这把商户私钥签的：请核对程序实际加载的是哪一把。", EN: "The request was not signed with this private key of the merchant: check which one the program really loads."},
	{Code: "merchant_key_as_platform", ZH: "填作微信支付公钥（{}）的是商户自己的公钥：请从商户平台下载微信支付公钥。", EN: "What is given as WeChat Pay's key ({}) is the merchant's own: download WeChat Pay's public key from the merchant platform."},
	{Code: "merchant_key_given", ZH: "给的是商户自己的密钥或证书（{}）：验微信支付的签名要用平台证书或微信支付公钥。", EN: "This is the merchant's own key or certificate ({}): WeChat Pay's signatures are checked with the platform certificate or WeChat Pay's public key."},
	{Code: "signed_by_merchant", ZH: "这条消息是用商户自己的密钥（{}）签的，不是微信支付签的：不要相信它。", EN: "The merchant's own key ({}) signed this, not WeChat Pay: do not believe it."},
	{Code: "serial_other", ZH: "密钥是对的，但消息头里的序列号（{}）不是它的：按序列号选密钥的程序会选错。", EN: "The key is right, but the serial number in the header ({}) is not its own: a program that chooses by it takes another."},
	{Code: "serial_unknown", ZH: "签名用的平台证书是 {}，给出的证书里没有它：请重新下载平台证书。", EN: "The platform certificate {} signed, which is not among the given ones: fetch the platform certificates again."},
	{Code: "public_key_wanted", ZH: "签名用的是微信支付公钥（{}），不是平台证书：请换成对应 ID 的公钥。", EN: "WeChat Pay's public key ({}) signed, not a platform certificate: take the public key of that id."},
	{Code: "certificate_wanted", ZH: "签名用的是平台证书（{}），不是微信支付公钥：切换期间两种都要保留，按序列号选用。", EN: "A platform certificate ({}) signed, not WeChat Pay's public key: keep both while the change-over lasts, and choose by the serial number."},
	{Code: "signature_probe", ZH: "这是微信支付故意发来的错误签名（签名探测）：照常拒收即可，它会重新发送正确的。", EN: "This signature is wrong on purpose (WeChat Pay's signature probe): refuse it as usual, and it comes again with a right one."},
	{Code: "answer_not_2xx", ZH: "这是出错的应答：微信支付只对 2xx 签名，请看应答里的错误码。", EN: "This answer is an error: WeChat Pay signs 2xx only, so look at the error code in it."},
	{Code: "apiv3_key_length", ZH: "APIv3 密钥不是 32 字节（{}）：请核对首尾有没有空白或换行，也不要编码。", EN: "The APIv3 key does not have 32 bytes ({}): look for blanks and line breaks around it, and do not encode it."},
	{Code: "apiv3_key_wrong", ZH: "APIv3 密钥解不开报文：请核对商户平台上设置的那一个，注意它不是 APIv2 密钥。", EN: "The APIv3 key does not open the resource: compare it with the one set on the merchant platform, which is not that of API v2."},

	{Code: "sign_lower_case", ZH: "签名是小写的：v2 的签名要转成大写。", EN: "The signature is in lower case: in v2 it is written in upper case."},
	{Code: "sign_type_other", ZH: "签名实际用的是 {}，与 sign_type 不符：请让两者一致（不写 sign_type 就是 MD5）。", EN: "The signature is {}, which is not what sign_type says: make them agree (without sign_type it is MD5)."},
	{Code: "hash_without_key", ZH: "签名用的是普通 SHA-256：请用 HMAC-SHA256，密钥是 API 密钥。", EN: "The signature is plain SHA-256: use HMAC-SHA256 with the API key as its key."},
	{Code: "key_appended_wrongly", ZH: "API 密钥接得不对：待签内容的末尾应是 &key=密钥。", EN: "The API key is appended in another way than it should be: the text ends in &key= and the key."},
	{Code: "key_left_out", ZH: "待签内容里没有 API 密钥：末尾要加 &key=密钥。", EN: "The API key is missing from the text: end it in &key= and the key."},
	{Code: "key_with_newline", ZH: "API 密钥首尾带了换行或空白：读文件后请去掉。", EN: "The API key has a line break or blanks around it: trim it after reading the file."},
	{Code: "key_case", ZH: "API 密钥的大小写不对：请按商户平台上设置的原样使用。", EN: "The API key is in the wrong case: use it exactly as it is set on the merchant platform."},
	{Code: "cdata_in_text", ZH: "待签内容里带了 <![CDATA[ ]]> 或 XML 转义：请用解析后的值。", EN: "<![CDATA[ ]]> or XML escapes are in the text: use the values that the XML stands for."},
	{Code: "nonce_missing", ZH: "缺少 nonce_str：v2 的每条请求都要有。", EN: "nonce_str is missing: every message of v2 has one."},
	{Code: "v2_sign_malformed", ZH: "sign 不是 32 位（MD5）或 64 位（HMAC-SHA256）的十六进制：请取原样的值。", EN: "sign is neither 32 (MD5) nor 64 (HMAC-SHA256) hexadecimal digits: take it as it was sent."},
	{Code: "v2_with_v3_key", ZH: "签名用的是 APIv3 密钥：v2 接口要用 APIv2 密钥。", EN: "The signature was made with the APIv3 key: API v2 wants its own key."},
	{Code: "v2_no_key", ZH: "没有可用来验签的 API 密钥：请提供 APIv2 密钥。", EN: "There is no API key to check with: hand over the key of API v2."},
	{Code: "v2_nothing_fits", ZH: "给出的密钥和试过的拼法都不符：密钥不对，或内容在签名之后改过，对称签名无法分辨是哪一个。", EN: "No given key fits any text that was tried: the key is another, or the message changed after it was signed, and a shared key cannot tell which."},
	{Code: "v2_not_understood", ZH: "return_code 是 FAIL：这样的应答没有签名，请看 return_msg。", EN: "return_code is FAIL: such answers are not signed, so look at return_msg."},
	{Code: "refund_notice_opens", ZH: "退款通知没有签名，只有加密；这个密钥能解开，但它不能证明真伪，请再查询一次。", EN: "Notifications of refunds are encrypted and not signed; this key opens it, which proves nothing, so ask by a query."},
	{Code: "refund_notice_shut", ZH: "给出的密钥解不开退款通知：解密用的是 APIv2 密钥的 MD5（小写）。", EN: "No given key opens this notification of a refund: its key is the MD5 of the key of API v2, in lower case."},
	{Code: "prepay_prefix", ZH: "待签内容里 prepay_id= 前缀不对：公众号和小程序要带，App 不带。", EN: "The prefix prepay_id= in the text is wrong: pages and mini programs sign it, apps do not."},
	{Code: "sign_type_in_text", ZH: "待签内容里多了 signType：它不参与签名。", EN: "signType is in the text: it is not signed."},
	{Code: "action_sign_type", ZH: "缺少 signType：v3 下单要写 RSA。", EN: "signType is missing: orders of API v3 want RSA."},
})
