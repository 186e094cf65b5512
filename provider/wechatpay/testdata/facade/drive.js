// Drives the facade as a shop's own code would, with the SDK's signing and signature checking. Reads its configuration as JSON from standard input and writes one JSON
// object of what happened, step by step, for the Go test to judge. The money is Alipay's: who pays and who shows a code is asked of the test by /shop addresses.
'use strict';

const { Wechatpay, Rsa, Formatter, Aes, Hash, Transformer } = require('wechatpay-axios-plugin');

const config = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const seen = {};
const wx = new Wechatpay({
  baseURL: config.base_url, mchid: config.mchid, serial: config.serial, privateKey: Rsa.from(config.private_key, Rsa.KEY_TYPE_PRIVATE),
  certs: Object.fromEntries(Object.entries(config.certs).map(([id, pem]) => [id, Rsa.from(pem, Rsa.KEY_TYPE_PUBLIC)])), secret: config.v2_key, merchant: { cert: config.merchant_cert, key: config.private_key },
});
const headers = config.public_key_id ? { 'Wechatpay-Serial': config.public_key_id } : {};

async function step(name, call) {
  try {
    const { status, data } = await call();
    seen[name] = { status, data };
  } catch (e) {
    seen[name] = { status: e.response ? e.response.status : 0, code: e.code, data: e.response ? e.response.data : String(e) };
  }
}

const shop = async (path) => (await fetch(`${config.base_url}/shop/${path}`, { method: 'POST' })).text();

function order(no) {
  return {
    appid: config.appid, mchid: config.mchid, description: '乌龙茶 <500g> & 茶杯', out_trade_no: no, notify_url: config.notify_url, attach: '{"桌":7,"a":"\\u003c"}',
    amount: { total: 6800, currency: 'CNY' }, detail: { goods_detail: [{ merchant_goods_id: 'tea', goods_name: '乌龙茶', quantity: 1, unit_price: 6800 }] },
  };
}

const query = (no) => wx.v3.pay.transactions.outTradeNo._out_trade_no_.get({ params: { mchid: config.mchid }, out_trade_no: no, headers });

// told verifies and decrypts the oldest message that the shop was sent and has not read.
async function told(name) {
  const { headers: h, body } = await (await fetch(`${config.base_url}/shop/inbox`, { method: 'POST' })).json();
  const serial = h['Wechatpay-Serial'][0];
  const text = Formatter.response(h['Wechatpay-Timestamp'][0], h['Wechatpay-Nonce'][0], body);
  const { event_type, resource: { nonce, associated_data, ciphertext } } = JSON.parse(body);
  seen[name] = {
    status: Rsa.verify(text, h['Wechatpay-Signature'][0], Rsa.from(config.certs[serial], Rsa.KEY_TYPE_PUBLIC)) ? 200 : 401, code: event_type,
    data: JSON.parse(Aes.AesGcm.decrypt(ciphertext, config.apiv3_key, nonce, associated_data)),
  };
}

async function v3() {
  await step('certificates', () => wx.v3.certificates.get({ headers }));
  if (seen.certificates.status === 200) {
    seen.certificates.data = seen.certificates.data.data.map(({ serial_no, encrypt_certificate: { nonce, associated_data, ciphertext } }) =>
      Aes.AesGcm.decrypt(ciphertext, config.apiv3_key, nonce, associated_data) === config.certs[serial_no]);
  }
  await step('native', () => wx.v3.pay.transactions.native.post(order('node_order_1'), { headers }));
  await step('native_again', () => wx.v3.pay.transactions.native.post(order('node_order_1'), { headers }));
  await step('native_changed', () => wx.v3.pay.transactions.native.post({ ...order('node_order_1'), amount: { total: 1 } }, { headers }));
  await step('h5', () => wx.v3.pay.transactions.h5.post({ ...order('node_order_3'), scene_info: { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } } }, { headers }));
  await step('jsapi', () => wx.v3.pay.transactions.jsapi.post({ ...order('node_order_4'), payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } }, { headers }));
  await step('unpaid', () => query('node_order_1'));
  await shop('pay/node_order_1');
  await step('paid', () => query('node_order_1'));
  await step('by_id', () => wx.v3.pay.transactions.id._transaction_id_.get({ params: { mchid: config.mchid }, transaction_id: seen.paid.data.transaction_id, headers }));
  await told('told_paid');
  const refund = (amount, no) => wx.v3.refund.domestic.refunds.post({
    out_trade_no: 'node_order_1', out_refund_no: no, reason: '不要了', notify_url: config.notify_url, amount: { refund: amount, total: 6800, currency: 'CNY' },
  }, { headers });
  await step('refund', () => refund(800, 'node_order_1_r1'));
  await step('refund_again', () => refund(800, 'node_order_1_r1'));
  await step('refund_changed', () => refund(801, 'node_order_1_r1'));
  await step('refund_too_much', () => refund(6001, 'node_order_1_r2'));
  await step('refund_query', () => wx.v3.refund.domestic.refunds._out_refund_no_.get({ out_refund_no: 'node_order_1_r1', headers }));
  await shop('wait');
  await told('told_refund');
  const close = (no) => wx.v3.pay.transactions.outTradeNo._out_trade_no_.close.post({ mchid: config.mchid }, { out_trade_no: no, headers });
  await step('close', () => close('node_order_3'));
  await step('closed', () => query('node_order_3'));
  await step('close_paid', () => close('node_order_1'));
  await step('unknown', () => query('node_order_9'));
  const scan = (no, auth_code) => wx.v3.pay.transactions.codepay.post({
    appid: config.appid, mchid: config.mchid, description: '乌龙茶', out_trade_no: no, amount: { total: 500, currency: 'CNY' }, payer: { auth_code },
    scene_info: { device_ip: '127.0.0.1', store_info: { out_id: 'A1' } },
  }, { headers });
  const code = await shop('code');
  await step('codepay', () => scan('node_code_1', code));
  const waits = await shop('password');
  await step('codepay_password', () => scan('node_code_2', waits));
  await step('code_waits', () => query('node_code_2'));
  const reverse = (no) => wx.v3.pay.transactions.outTradeNo._out_trade_no_.reverse.post({ appid: config.appid, mchid: config.mchid }, { out_trade_no: no, headers });
  await step('reverse', () => reverse('node_code_2'));
  await step('reversed', () => query('node_code_2'));
  await step('reverse_paid', () => reverse('node_code_1'));
  await step('reversed_paid', () => query('node_code_1'));
  await step('no_bill', () => wx.v3.bill.tradebill.get({ params: { bill_date: new Date(Date.now() - 20 * 86400e3).toISOString().slice(0, 10) }, headers }));
  await step('old_address', () => wx.v3.billdownload.file.get({ params: { token: 'none' }, responseType: 'arraybuffer', headers }));
  seen.old_address.data = '';
  await step('partner', () => wx.v3.pay.partner.transactions.native.post({ ...order('node_order_5'), sp_mchid: config.mchid }, { headers }));
}

// v2 speaks the older protocol with one signature type; the SDK checks the signature of what comes back.
async function v2(kind) {
  const who = () => ({ appid: config.appid, mch_id: config.mchid, sign_type: kind });
  const no = (n) => `v2_${kind.slice(0, 3)}_${n}`;
  const place = (n, over) => wx.v2.pay.unifiedorder.post({
    ...who(), body: '乌龙茶 <500g> & 茶杯', out_trade_no: no(n), total_fee: 6800, spbill_create_ip: '127.0.0.1', notify_url: config.notify_url, trade_type: 'NATIVE', attach: '桌 7 & 8', ...over,
  });
  const name = (s) => `${kind} ${s}`;
  await step(name('native'), () => place(1));
  await step(name('native_changed'), () => place(1, { total_fee: 1 }));
  await step(name('h5'), () => place(2, { trade_type: 'MWEB' }));
  await step(name('jsapi'), () => place(3, { trade_type: 'JSAPI', openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' }));
  await step(name('unpaid'), () => wx.v2.pay.orderquery.post({ ...who(), out_trade_no: no(1) }));
  await shop(`pay/${no(1)}`);
  await step(name('paid'), () => wx.v2.pay.orderquery.post({ ...who(), out_trade_no: no(1) }));
  const paid = Transformer.toObject(JSON.parse(await shop('inbox')).body);
  const { sign, ...rest } = paid;
  seen[name('told_paid')] = { status: Hash.equals(Hash.sign(kind, rest, config.v2_key), sign) ? 200 : 401, data: paid };
  await step(name('refund_uncertified'), () => wx.v2.secapi.pay.refund.post({ ...who(), out_trade_no: no(1), out_refund_no: `${no(1)}_r1`, total_fee: 6800, refund_fee: 800 }));
  await step(name('refund'), () => wx.v2.secapi.pay.refund.post({ ...who(), out_trade_no: no(1), out_refund_no: `${no(1)}_r1`, total_fee: 6800, refund_fee: 800, notify_url: config.notify_url }, { security: true }));
  await step(name('refund_query'), () => wx.v2.pay.refundquery.post({ ...who(), out_refund_no: `${no(1)}_r1` }));
  await shop('wait');
  const refunded = Transformer.toObject(JSON.parse(await shop('inbox')).body);
  seen[name('told_refund')] = { status: 200, data: Transformer.toObject(Aes.AesEcb.decrypt(refunded.req_info, Hash.md5(config.v2_key))) };
  await step(name('close'), () => wx.v2.pay.closeorder.post({ ...who(), out_trade_no: no(2) }));
  await step(name('closed'), () => wx.v2.pay.orderquery.post({ ...who(), out_trade_no: no(2) }));
  await step(name('close_paid'), () => wx.v2.pay.closeorder.post({ ...who(), out_trade_no: no(1) }));
  const scan = async (n, what) => {
    const auth_code = await shop(what);
    return wx.v2.pay.micropay.post({ ...who(), body: '乌龙茶', out_trade_no: no(n), total_fee: 500, spbill_create_ip: '127.0.0.1', auth_code });
  };
  await step(name('micropay'), () => scan(4, 'code'));
  await step(name('micropay_password'), () => scan(5, 'password'));
  await step(name('reverse'), () => wx.v2.secapi.pay.reverse.post({ ...who(), out_trade_no: no(5) }, { security: true }));
  await step(name('reversed'), () => wx.v2.pay.orderquery.post({ ...who(), out_trade_no: no(5) }));
  await step(name('unknown'), () => wx.v2.pay.orderquery.post({ ...who(), out_trade_no: no(9) }));
}

(async () => {
  if (config.v2) {
    await v2('MD5');
    await v2('HMAC-SHA256');
  } else {
    await v3();
  }
  process.stdout.write(JSON.stringify(seen));
})();
