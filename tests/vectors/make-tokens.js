// Makes tokens.json: node tests/vectors/make-tokens.js > tests/vectors/tokens.json
// Logins cannot be written by hand, for they are signed; what is signed stands here.

import { createHmac } from 'node:crypto';

const NOW = 1795334400000; // 2026-11-22T08:00:00.000Z
const SECOND = NOW / 1000;
const SECRETS = {
	first: 'the first secret, of 35 bytes or so',
	second: 'another secret, which is live too: Ünïcödé',
	stranger: 'a secret that the plugin has never had',
};
const LIVE = ['first', 'second'];

const cases = [];

function hmac(secret, bytes) {
	return createHmac('sha256', secret).update(bytes).digest();
}

function base64url(bytes) {
	return Buffer.from(bytes).toString('base64url');
}

/** A login as it comes in CONNECT, and what becomes of it. */
function login(why, username, password, expected) {
	const login = { why, password };
	if (username !== null) {
		login.username = username;
	}
	cases.push({ ...login, ...expected });
}

const refused = (because) => ({ verdict: 'refused', because });
const notOurs = { verdict: 'not_ours' };

/* ---- signed names */

function accepted(id, name, expiresAt = 0) {
	return { verdict: 'accepted', id, name, expires_at: expiresAt };
}

function signature(username, secret = SECRETS.first) {
	return hmac(secret, username).toString('base64');
}

function named(why, username, expected, change = (password) => password, more = {}) {
	login(why, username, change(signature(username)), { ...expected, ...more });
}

named('a signed name', '1:Ann', accepted('1', 'Ann'));
login('signed with the other live secret', '1:Ann', signature('1:Ann', SECRETS.second), accepted('1', 'Ann'));
named('an empty name', '1:', accepted('1', ''));
named('split at the first colon', '1:Ann: the first', accepted('1', 'Ann: the first'));
named('an id that is an address', 'ann@example.org:Ann', accepted('ann@example.org', 'Ann'));
named('a name in UTF-8', '1:Änn 😀', accepted('1', 'Änn 😀'));
named('an id of 64 characters', `${'x'.repeat(64)}:Ann`, accepted('x'.repeat(64), 'Ann'));
named('a name of 128 bytes', `1:${'é'.repeat(64)}`, accepted('1', 'é'.repeat(64)));
named('1 and 01 are two users', '01:Ann', accepted('01', 'Ann'));
named('a name that looks like JSON', '1:{"a":"\\u0000"}', accepted('1', '{"a":"\\u0000"}'));
named('without padding', '1:Ann', accepted('1', 'Ann'), (p) => p.replace('=', ''));
named('with a line end behind it', '1:Ann', accepted('1', 'Ann'), (p) => `${p}\n`);
named('without padding, with a line end', '1:Ann', accepted('1', 'Ann'), (p) => p.replace('=', '\n'));
{
	// Names whose signatures have characters that the two alphabets write differently.
	const name = [...Array(1000).keys()].map((i) => `1:Ann ${i}`)
		.find((n) => signature(n).includes('+') && signature(n).includes('/'));
	const id = accepted('1', name.slice(2));
	named('the standard alphabet', name, id);
	named('the URL-safe alphabet', name, id, (p) => p.replaceAll('+', '-').replaceAll('/', '_'));
	named('the URL-safe alphabet without padding', name, id, (p) => base64url(Buffer.from(p, 'base64')));
	named('both alphabets at once', name, id, (p) => p.replaceAll('+', '-'));
}
named('signed with a secret that is not live', '1:Ann', refused('signature'), () => signature('1:Ann', SECRETS.stranger));
named('signed for another id', '2:Ann', refused('signature'), () => signature('1:Ann'));
named('signed for another name', '1:Bob', refused('signature'), () => signature('1:Ann'));
named('signed for the same bytes, split elsewhere', '1:1:Ann', refused('signature'), () => signature('1:Ann'));
named('a signature of the id alone', '1:Ann', refused('signature'), () => signature('1'));
named('a signature of nothing', '1:Ann', refused('signature'), () => signature(''));
named('an unkeyed hash', '1:Ann', refused('signature'), () => createHmac('sha256', '').update('1:Ann').digest('base64'));
named('one bit of the signature is wrong', '1:Ann', refused('signature'), (p) => (p[0] === 'A' ? 'B' : 'A') + p.slice(1));
named('the same bytes in another spelling: bits left over', '1:Ann', refused('Base64'), (p) => {
	const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
	return `${p.slice(0, 42)}${alphabet[alphabet.indexOf(p[42]) + 1]}=`;
});
named('44 characters without padding are 33 bytes', '1:Ann', refused('Base64'), (p) => p.replace('=', 'A'));
named('43 characters of which one is padding are 31 bytes', '1:Ann', refused('Base64'), (p) => `${p.slice(0, 42)}=`);
named('an empty id', ':Ann', refused('id'));
named('an id of 65 characters', `${'x'.repeat(65)}:Ann`, refused('id'));
named('a slash in the id', '1/2:Ann', refused('id'));
named('a wildcard as id', '+:Ann', refused('id'));
named('a space in the id', '1 :Ann', refused('id'));
named('a letter beyond ASCII in the id', 'é:Ann', refused('id'));
named('a name of 129 bytes', `1:${'x'.repeat(129)}`, refused('name'));
named('a name of 130 bytes that are 65 characters', `1:${'é'.repeat(65)}`, refused('name'));
named('a line end in the name', '1:Ann\nBob', refused('name'));
named('a tab in the name', '1:Ann\tBob', refused('name'));
named('an escape sequence in the name', '1:\x1b[31mAnn', refused('name'));
named('DEL in the name', '1:Ann\x7f', refused('name'));
named('a C1 control character in the name', '1:Ann\u0085', refused('name'));
named('the last C1 control character', '1:Ann\u009f', refused('name'));
named('the first character behind them', '1:Ann\u00a0', accepted('1', 'Ann\u00a0'));
{
	const latin1 = Buffer.from('1:caf\xe9', 'latin1');
	login('a name that is no UTF-8', { hex: latin1.toString('hex') }, signature(latin1), refused('name'));
	const overlong = Buffer.from('313ac0af', 'hex');
	login('a name in overlong UTF-8', { hex: overlong.toString('hex') }, signature(overlong), refused('name'));
}
named('switched off', '1:Ann', refused('switched off'), (p) => p, { signed_names: false });
named('switched off, and wrong besides', '1:Ann', refused('switched off'), () => 'A'.repeat(43), { signed_names: false });
named('no colon: an ordinary login', 'ann', notOurs);
named('no colon, also when switched off', 'ann', notOurs, (p) => p, { signed_names: false });
login('no username: an ordinary login', null, signature('1:Ann'), notOurs);
named('two line ends', '1:Ann', notOurs, (p) => `${p}\n\n`);
named('two line ends, one of which makes 44 characters', '1:Ann', notOurs, (p) => p.replace('=', '\n\n'));
named('a carriage return', '1:Ann', notOurs, (p) => `${p}\r\n`);
named('a space', '1:Ann', notOurs, (p) => `${p} `);
named('42 characters', '1:Ann', notOurs, (p) => p.slice(0, 42));
named('45 characters', '1:Ann', notOurs, (p) => `${p}A`);
named('padding that is not the last character', '1:Ann', notOurs, (p) => `=${p.slice(0, 43)}`);
named('a character that is not Base64', '1:Ann', notOurs, (p) => `${p.slice(0, 10)}!${p.slice(11)}`);
named('hexadecimal has 64 characters', '1:Ann', notOurs, (p) => Buffer.from(p, 'base64').toString('hex'));
named('an ordinary password', '1:Ann', notOurs, () => 'hunter2');
named('an empty password', '1:Ann', notOurs, () => '');
cases.push({ why: 'no password', username: '1:Ann', verdict: 'not_ours' });
cases.push({ why: 'nothing at all', verdict: 'not_ours' });

/* ---- JWT */

const HEADER = '{"alg":"HS256","typ":"JWT"}';
const inAnHour = SECOND + 3600;

function sign(header, claims, secret = SECRETS.first) {
	const signed = `${base64url(header)}.${base64url(claims)}`;
	return `${signed}.${base64url(hmac(secret, signed))}`;
}

/** Claims and header are JSON texts, or objects that become it. */
function jwt(why, claims, expected, { username = null, header = HEADER, secret, change, ...more } = {}) {
	claims = typeof claims === 'string' ? claims : JSON.stringify(claims);
	const token = sign(header, claims, secret);
	login(why, username, change ? change(token) : token, { header: `${header}`, claims, ...expected, ...more });
}

const good = { sub: '1', name: 'Ann', exp: inAnHour };
const ann = accepted('1', 'Ann', inAnHour * 1000);

jwt('a JWT', good, ann);
jwt('signed with the other live secret', good, ann, { secret: SECRETS.second });
jwt('the username is empty', good, ann, { username: '' });
jwt('the username is the id', good, ann, { username: '1' });
jwt('the username is another id', good, refused('username'), { username: '2' });
jwt('the username is the id in another spelling', good, refused('username'), { username: '01' });
jwt('the username is a signed name', good, refused('username'), { username: '1:Ann' });
jwt('also when signed names are off', good, ann, { signed_names: false });
jwt('without a name it is the id', { sub: 'ann@example.org', exp: inAnHour }, accepted('ann@example.org', 'ann@example.org', inAnHour * 1000));
jwt('an empty name', { ...good, name: '' }, accepted('1', '', inAnHour * 1000));
jwt('a name in escapes', `{"sub":"1","name":"\\u00c4nn \\ud83d\\ude00","exp":${inAnHour}}`, accepted('1', 'Änn 😀', inAnHour * 1000));
jwt('a name of 128 bytes in escapes', `{"sub":"1","name":"${'\\u0041'.repeat(128)}","exp":${inAnHour}}`, accepted('1', 'A'.repeat(128), inAnHour * 1000));
jwt('space in the JSON', `\n{ "sub" : "1" ,\r\n\t"name":"Ann", "exp": ${inAnHour} } `, ann);
jwt('names and strings in escapes', `{"s\\u0075b":"\\u0031","name":"Ann","\\u0065xp":${inAnHour}}`, ann);
jwt('other claims of every type', { ...good, jti: 'x', iss: 'me', admin: true, roles: ['a', { b: null }], n: -1.5 }, ann);
jwt('an integer as sub', { sub: 42, exp: inAnHour }, accepted('42', '42', inAnHour * 1000));
jwt('an integer as sub, and as username', { sub: 42, exp: inAnHour }, accepted('42', '42', inAnHour * 1000), { username: '42' });
jwt('zero as sub', { sub: 0, exp: inAnHour }, accepted('0', '0', inAnHour * 1000));
jwt('2^53 - 1 as sub', { sub: 9007199254740991, exp: inAnHour }, accepted('9007199254740991', '9007199254740991', inAnHour * 1000));
jwt('2^53 as sub', `{"sub":9007199254740992,"exp":${inAnHour}}`, refused('sub'));
jwt('a negative sub', `{"sub":-1,"exp":${inAnHour}}`, refused('sub'));
jwt('negative zero as sub', `{"sub":-0,"exp":${inAnHour}}`, refused('sub'));
jwt('a fraction as sub', `{"sub":1.0,"exp":${inAnHour}}`, refused('sub'));
jwt('an exponent in sub', `{"sub":1e3,"exp":${inAnHour}}`, refused('sub'));
jwt('no sub', { exp: inAnHour }, refused('sub'));
jwt('sub is null', { sub: null, exp: inAnHour }, refused('sub'));
jwt('sub is an array', { sub: ['1'], exp: inAnHour }, refused('sub'));
jwt('sub is an object', { sub: { id: '1' }, exp: inAnHour }, refused('sub'));
jwt('sub is true', { sub: true, exp: inAnHour }, refused('sub'));
jwt('sub is empty', { sub: '', exp: inAnHour }, refused('id'));
jwt('a sub of 64 characters', { sub: 'x'.repeat(64), exp: inAnHour }, accepted('x'.repeat(64), 'x'.repeat(64), inAnHour * 1000));
jwt('a sub of 65 characters', { sub: 'x'.repeat(65), exp: inAnHour }, refused('sub'));
jwt('a sub with a slash', { sub: '1/2', exp: inAnHour }, refused('id'));
jwt('a sub with a colon', { sub: '1:2', exp: inAnHour }, refused('id'));
jwt('name is null', { ...good, name: null }, refused('name'));
jwt('name is a number', { ...good, name: 1 }, refused('name'));
jwt('name is an array', { ...good, name: ['Ann'] }, refused('name'));
jwt('a name of 129 bytes', { ...good, name: 'x'.repeat(129) }, refused('name'));
jwt('a control character in the name', { ...good, name: 'Ann\n' }, refused('name'));
jwt('a C1 control character in the name', `{"sub":"1","name":"\\u0085","exp":${inAnHour}}`, refused('name'));

jwt('no exp', { sub: '1' }, refused('exp'));
jwt('exp is null', { sub: '1', exp: null }, refused('exp'));
jwt('exp is a string', { sub: '1', exp: `${inAnHour}` }, refused('exp'));
jwt('exp is true', { sub: '1', exp: true }, refused('exp'));
jwt('exp has a fraction', `{"sub":"1","name":"Ann","exp":${inAnHour}.25}`, accepted('1', 'Ann', inAnHour * 1000 + 250));
jwt('exp has an exponent', '{"sub":"1","name":"Ann","exp":1.7953380e9}', ann);
jwt('exp within the leeway', { ...good, exp: SECOND - 29 }, accepted('1', 'Ann', NOW - 29000));
jwt('exp at the end of the leeway', { ...good, exp: SECOND - 30 }, refused('expired'));
jwt('exp long ago', { ...good, exp: SECOND - 3600 }, refused('expired'));
jwt('exp is 0', { ...good, exp: 0 }, refused('expired'));
jwt('exp is negative', { ...good, exp: -1 }, refused('expired'));
jwt('exp before all time', '{"sub":"1","exp":-1e300}', refused('expired'));
jwt('exp in milliseconds is far away', { ...good, exp: NOW }, accepted('1', 'Ann', NOW * 1000));
jwt('exp after all time', '{"sub":"1","name":"Ann","exp":1e300}', accepted('1', 'Ann', 9000000000000000));
jwt('exp beyond a double', '{"sub":"1","name":"Ann","exp":1e400}', accepted('1', 'Ann', 9000000000000000));
jwt('exp is written with many digits', `{"sub":"1","name":"Ann","exp":${inAnHour}.${'0'.repeat(100)}1}`, ann);
jwt('nbf in the past', { ...good, nbf: SECOND - 10 }, ann);
jwt('nbf within the leeway', { ...good, nbf: SECOND + 30 }, ann);
jwt('nbf beyond the leeway', { ...good, nbf: SECOND + 31 }, refused('nbf'));
jwt('nbf after all time', `{"sub":"1","exp":${inAnHour},"nbf":1e300}`, refused('nbf'));
jwt('nbf before all time', `{"sub":"1","name":"Ann","exp":${inAnHour},"nbf":-1e300}`, ann);
jwt('nbf is a string', { ...good, nbf: '0' }, refused('nbf'));
jwt('nbf is null', { ...good, nbf: null }, refused('nbf'));
jwt('iat in the past', { ...good, iat: SECOND - 10 }, ann);
jwt('iat within the leeway', { ...good, iat: SECOND + 29.5 }, ann);
jwt('iat at the end of the leeway', { ...good, iat: SECOND + 30 }, ann);
jwt('iat in the future', { ...good, iat: SECOND + 31 }, refused('iat'));
jwt('iat is a string', { ...good, iat: '0' }, refused('iat'));
jwt('iat is false', { ...good, iat: false }, refused('iat'));

jwt('aud is not asked for', { ...good, aud: 'other' }, ann);
jwt('aud is the audience', { ...good, aud: 'chat' }, ann, { audience: 'chat' });
jwt('aud in escapes', `{"sub":"1","name":"Ann","exp":${inAnHour},"aud":"\\u0063hat"}`, ann, { audience: 'chat' });
jwt('aud has the audience', { ...good, aud: ['other', 'chat'] }, ann, { audience: 'chat' });
jwt('no aud', good, refused('aud'), { audience: 'chat' });
jwt('aud is another', { ...good, aud: 'chats' }, refused('aud'), { audience: 'chat' });
jwt('case matters in aud', { ...good, aud: 'Chat' }, refused('aud'), { audience: 'chat' });
jwt('aud is empty', { ...good, aud: [] }, refused('aud'), { audience: 'chat' });
jwt('aud is empty and not asked for', { ...good, aud: [] }, ann);
jwt('aud has others', { ...good, aud: ['a', 'b'] }, refused('aud'), { audience: 'chat' });
jwt('aud is a number', { ...good, aud: 1 }, refused('aud'));
jwt('aud is null', { ...good, aud: null }, refused('aud'));
jwt('aud is an object', { ...good, aud: { chat: 1 } }, refused('aud'));
jwt('aud has a number', { ...good, aud: [1] }, refused('aud'));
jwt('aud has the audience and a number', { ...good, aud: ['chat', 1] }, refused('aud'), { audience: 'chat' });
jwt('aud has an array', { ...good, aud: [['chat']] }, refused('aud'), { audience: 'chat' });

jwt('alg none', good, refused('alg'), { header: '{"alg":"none"}' });
jwt('alg None', good, refused('alg'), { header: '{"alg":"None"}' });
jwt('alg HS512', good, refused('alg'), { header: '{"alg":"HS512"}' });
jwt('alg RS256', good, refused('alg'), { header: '{"alg":"RS256"}' });
jwt('alg in lower case', good, refused('alg'), { header: '{"alg":"hs256"}' });
jwt('alg is longer', good, refused('alg'), { header: '{"alg":"HS256 "}' });
jwt('alg is null', good, refused('alg'), { header: '{"alg":null}' });
jwt('alg is an array', good, refused('alg'), { header: '{"alg":["HS256"]}' });
jwt('no alg', good, refused('alg'), { header: '{"typ":"JWT"}' });
jwt('alg in escapes', good, ann, { header: '{"alg":"\\u0048S256"}' });
jwt('no typ', good, ann, { header: '{"alg":"HS256"}' });
jwt('another typ', good, ann, { header: '{"alg":"HS256","typ":"at+jwt"}' });
jwt('typ is no string', good, refused('typ'), { header: '{"alg":"HS256","typ":1}' });
jwt('crit', good, refused('crit'), { header: '{"alg":"HS256","crit":["exp"]}' });
jwt('crit is empty', good, refused('crit'), { header: '{"alg":"HS256","crit":[]}' });
jwt('crit is null', good, refused('crit'), { header: '{"alg":"HS256","crit":null}' });
jwt('other header members', good, ann, { header: '{"kid":"../../dev/null","alg":"HS256","jwk":{"k":"AA"},"b64":true}' });

for (const [why, header] of [
	['a header with alg twice', '{"alg":"HS256","alg":"none"}'],
	['a header with alg twice by its unescaped name', '{"alg":"HS256","\\u0061lg":"HS256"}'],
	['a header with an unknown member twice', '{"alg":"HS256","a":1,"a":1}'],
	['a header with trailing bytes', '{"alg":"HS256"}x'],
	['a header with a trailing NUL', '{"alg":"HS256"}\0'],
	['a header that is no object', '"HS256"'],
	['a header with U+0000', '{"alg":"HS256\\u0000"}'],
	['a header with a lone surrogate', '{"alg":"HS256","a":"\\ud800"}'],
	['a header with a byte order mark', '\ufeff{"alg":"HS256"}'],
]) {
	jwt(why, good, refused('header'), { header });
}
for (const [why, claims] of [
	['sub twice', `{"sub":"1","sub":"2","exp":${inAnHour}}`],
	['sub twice by its unescaped name', `{"sub":"1","\\u0073ub":"2","exp":${inAnHour}}`],
	['an unknown claim twice', `{"sub":"1","exp":${inAnHour},"a":1,"a":1}`],
	['claims with trailing bytes', `{"sub":"1","exp":${inAnHour}},`],
	['claims in an array', `[{"sub":"1","exp":${inAnHour}}]`],
	['claims with U+0000', `{"sub":"1","exp":${inAnHour},"name":"a\\u0000b"}`],
	['claims with a lone surrogate', `{"sub":"1","exp":${inAnHour},"name":"\\udc00"}`],
	['claims with a raw control character', `{"sub":"1","exp":${inAnHour},"name":"a\nb"}`],
	['claims that are cut', `{"sub":"1","exp":${inAnHour}`],
	['exp with a zero in front', `{"sub":"1","exp":0${inAnHour}}`],
	['exp is NaN', '{"sub":"1","exp":NaN}'],
	['exp is Infinity', '{"sub":"1","exp":Infinity}'],
	['claims that are no JSON', 'sub=1'],
]) {
	jwt(why, claims, refused('claims'));
}
{
	const claims = Buffer.concat([Buffer.from(`{"sub":"1","exp":${inAnHour},"name":"`), Buffer.from([0xff]), Buffer.from('"}')]);
	login('claims that are no UTF-8', null, sign(HEADER, claims), refused('claims'));
}

jwt('signed with a secret that is not live', good, refused('signature'), { secret: SECRETS.stranger });
jwt('signed with nothing', good, refused('signature'), { secret: '' });
jwt('the claims of one and the signature of another', good, refused('signature'), {
	change: (token) => `${token.split('.').slice(0, 2).join('.')}.${sign(HEADER, JSON.stringify({ ...good, sub: '2' })).split('.')[2]}`,
});
jwt('the header of one and the signature of another', good, refused('signature'), {
	change: (token) => `${base64url('{"alg":"HS256"}')}.${token.split('.').slice(1).join('.')}`,
});
jwt('a signature cut by a character', good, refused('signature'), { change: (token) => token.slice(0, -1) });
jwt('a signature with a character too many', good, refused('signature'), { change: (token) => `${token}A` });
jwt('a signature of three bytes', good, refused('signature'), { change: (token) => `${token.split('.').slice(0, 2).join('.')}.AAAA` });
jwt('the same signature in another spelling: bits left over', good, refused('signature'), {
	change: (token) => {
		const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
		return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)) + 1];
	},
});
{
	// Signed as they stand: only the spelling is wrong.
	const spelled = (header, claims) => `${header}.${claims}.${base64url(hmac(SECRETS.first, `${header}.${claims}`))}`;
	const claims = base64url(JSON.stringify(good));
	login('a header with bits left over', null, spelled(base64url('{"alg":"HS256"}  ').replace(/A$/, 'B'), claims), refused('header'));
	login('a header that no bytes give', null, spelled('A', claims), refused('header'));
	// Three bytes make four characters; a fifth is too little for another byte.
	const whole = JSON.stringify(good).padEnd(3 * Math.ceil(JSON.stringify(good).length / 3));
	login('a header that ends in a character too many', null, spelled(`${base64url('{"alg":"HS256"}')}A`, claims), refused('header'));
	login('claims that end in a character too many', null, spelled(base64url(HEADER), `${base64url(whole)}A`), refused('claims'));
}

{
	// Filled up to the length that is asked for.
	const long = (length) => {
		const fill = (count) => sign(HEADER, JSON.stringify({ ...good, fill: 'x'.repeat(count) }));
		let count = 0;
		while (fill(count).length < length) {
			count++;
		}
		return fill(count);
	};
	login('a token of 4 KiB', null, long(4096), ann);
	login('a token over 4 KiB', null, long(4097), refused('4096'));
	login('a token of 64 KiB', null, [{ repeat: 'A', times: 30000 }, '.', { repeat: 'B', times: 30000 }, '.C'], refused('4096'));
}
login('three parts of anything are a JWT', 'ann', 'a.b.c', refused('header'));
login('three parts of anything, whatever the username', 'ann:x', 'a.b.c', refused('header'));
login('an ordinary password of two parts', 'ann', 'hunter.2', notOurs);
login('an ordinary password of four parts', 'ann', 'h.u.n.ter2', notOurs);
login('an empty part', 'ann', 'hunter..2', notOurs);
login('an empty first part', 'ann', '.hunter.2', notOurs);
login('an empty last part', 'ann', 'hunter.2.', notOurs);
login('two dots', 'ann', '..', notOurs);
login('a character that is not Base64url', 'ann', 'hunter.2.!', notOurs);
login('a token without a signature', null, `${base64url('{"alg":"none"}')}.${base64url(JSON.stringify(good))}.`, notOurs);
jwt('padding is no Base64url', good, notOurs, { change: (token) => `${token}=` });
jwt('the other alphabet is no Base64url', good, notOurs, { change: (token) => `${token.slice(0, -1)}+` });
jwt('a line end behind it', good, notOurs, { change: (token) => `${token}\n` });
jwt('a space in front', good, notOurs, { change: (token) => ` ${token}` });

const lines = cases.map((vector) => `\t\t${JSON.stringify(vector)}`.replaceAll('\x7f', '\\u007f').replaceAll('\u0085', '\\u0085')
	.replaceAll('\u009f', '\\u009f').replaceAll('\u00a0', '\\u00a0').replaceAll('\ufeff', '\\ufeff'));
process.stdout.write(`{
	"now": ${NOW},
	"secrets": ${JSON.stringify(LIVE.map((name) => SECRETS[name]))},
	"logins": [
${lines.join(',\n')}
	]
}
`);
