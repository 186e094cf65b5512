package alipay

import (
	"slices"

	"postern/provider"
)

// mistakes are what people do to messages of this protocol, beside what they do to those of any.
var mistakes = slices.Concat(provider.CommonMistakes, provider.Mistakes{
	{Code: "sign_type_left_out", ZH: "待签内容里少了 sign_type：请求的签名包含 sign_type，只去掉 sign。", EN: "sign_type is missing from the text: a request's signature covers it, so leave out sign alone."},
	{Code: "sign_type_included", ZH: "待签内容里多了 sign_type：交易通知和同步返回要同时去掉 sign 和 sign_type（rsaCheckV1）。", EN: "sign_type is in the text: for a trade notification or a return leave out both sign and sign_type (rsaCheckV1)."},
	{Code: "app_gateway_message", ZH: "这是应用网关的消息，签名包含 sign_type：请用 rsaCheckV2 验签。", EN: "This is a message of the app gateway, whose signature covers sign_type: check it with rsaCheckV2."},
	{Code: "sign_in_text", ZH: "待签内容里有 sign 参数（空值）：请先去掉 sign 再拼接。", EN: "The parameter sign stands in the text, empty: take it out before joining."},
	{Code: "body_not_signed", ZH: "签名没有包含请求体里的参数：查询串和请求体里的参数要合在一起签。", EN: "The parameters of the body are not signed: sign those of the query and of the body together."},
	{Code: "query_not_signed", ZH: "签名没有包含查询串里的参数：查询串和请求体里的参数要合在一起签。", EN: "The parameters of the query are not signed: sign those of the query and of the body together."},
	{Code: "signed_before_encryption", ZH: "签名用的是加密前的内容：先加密，再对密文签名。", EN: "The text was signed before it was encrypted: encrypt first, and sign the ciphertext."},
	{Code: "quotes_left_out", ZH: "待签内容少了密文两边的双引号：加密应答的签名包含引号。", EN: "The quotation marks around the ciphertext are missing from the text: an encrypted answer is signed with them."},
	{Code: "root_included", ZH: "待签内容里带了 xxx_response 这个名字：只取它的值。", EN: "The text includes the name xxx_response: take its value alone."},
	{Code: "whole_body", ZH: "签名包含了整个应答：只对 xxx_response 的值签名。", EN: "The whole answer is signed: only the value of xxx_response is to be."},
	{Code: "cert_sn_included", ZH: "待签内容里多了 alipay_cert_sn：请在它前面截断。", EN: "alipay_cert_sn is in the text: cut before it."},
	{Code: "answer_slashes", ZH: "签名针对的是没有转义的 /：官方 SDK 会把 \\/ 换成 / 再验一次，你的程序也要这样做。", EN: "The signature is over / without escapes: the official SDKs try \\/ as / a second time, and so must you."},
	{Code: "answer_unsigned", ZH: "应答没有签名：网关一级的错误不签名，先看应答里的错误码。", EN: "The answer is not signed: errors of the gateway itself are not, so look at its error code first."},
	{Code: "app_key_as_platform", ZH: "填作支付宝公钥（{}）的是应用自己的公钥：请从开放平台复制支付宝公钥。", EN: "What is given as Alipay's key ({}) is the app's own: copy Alipay's public key from the open platform's console."},
	{Code: "app_public_key_given", ZH: "给的是应用自己的公钥（{}），与应用私钥是一对：验支付宝的签名要用支付宝公钥。", EN: "This is the app's own public key ({}), the other half of its private key: Alipay's signatures are checked with Alipay's."},
	{Code: "signed_by_app", ZH: "这条消息是用应用自己的密钥（{}）签的，不是支付宝签的：不要相信它。", EN: "The app's own key ({}) signed this, not Alipay: do not believe it."},
	{Code: "request_other_pair", ZH: "请求不是用这把应用私钥签的：请核对程序实际加载的私钥，以及登记在开放平台的公钥。", EN: "The request was not signed with this private key: check which key the program really loads, and which public key is registered."},
	{Code: "app_cert_sn_other", ZH: "请求里的 app_cert_sn 不是这张应用证书的，应为 {}：请按签发者加序列号的 MD5 计算。", EN: "app_cert_sn is not that of this app certificate, which is {}: compute the MD5 of issuer and serial number."},
	{Code: "cert_sn_unknown", ZH: "签名用的支付宝证书是 {}，给出的证书里没有它：支付宝换了证书，请下载新的。", EN: "Alipay signed with the certificate {}, which is not among the given ones: it has changed, so download the new one."},
	{Code: "cert_sn_other", ZH: "密钥是对的，但消息里写的证书号不是这张证书的（{}）：请更新证书。", EN: "The key is right, but the message names another certificate than this one ({}): install the current one."},
	{Code: "token_left_out", ZH: "待签内容里少了 alipay-app-auth-token 这一行：带了这个消息头就要签它。", EN: "The line of alipay-app-auth-token is missing from the text: who sends that header signs it."},
	{Code: "scheme_in_text", ZH: "待签内容里带了 Authorization 的签名方式：从 app_id 开始取。", EN: "The scheme of Authorization is in the text: begin at app_id."},
	{Code: "method_case", ZH: "待签内容里 HTTP 方法的大小写不对：请用大写，与请求行一致。", EN: "The HTTP method in the text is in the wrong case: use upper case, as on the request line."},
})
