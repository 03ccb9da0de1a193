import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { runManual } from './support/manual.ts'
import { findProgram } from './support/programs.ts'
import { scratchFolder } from './support/workspace.ts'

/** Appended to the page's own program: prints what its servers answer, and ends it. */
const USE_HTTP = `
import https from 'node:https'
import { text } from 'node:stream/consumers'

const at = (p: number, path = '/') => \`http://127.0.0.1:\${p}\${path}\`
async function ask(p: number, path?: string, init?: RequestInit): Promise<void> {
  const response = await fetch(at(p, path), init)
  console.log(response.status, response.headers.get('content-type'), await response.text())
}
await ask(port)
await ask(port, '/nowhere')
await ask(port, '/health')
for (const fd of [notebook, events, digests, news]) {
  await kernel.bind(fd, 0)
  await kernel.listen(fd)
}
const places = [notebook, events, digests, news].map(fd => kernel.address(fd)!.port)
await ask(places[0]!, '/one', { method: 'PUT', body: '{"a":1}' })
await ask(places[0]!, '/one', { method: 'PUT', body: 'no JSON' })
await ask(places[0]!, '/one')
await ask(places[1]!)
await ask(places[2]!, '/', { method: 'POST', body: 'abc' })
await ask(places[3]!, '/', { headers: { 'last-event-id': '2' } })
await ask(port, '/', { headers: { range: 'bytes=0-3' } })
const options = { port: kernel.address(secure)!.port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }
await new Promise<void>(resolve => {
  https.get(options, async response => {
    console.log(response.statusCode, await text(response))
    resolve()
  })
})
await kernel.close()
`

const USE_HTTP2 = `
import { connect } from 'node:http2'
import { text } from 'node:stream/consumers'

console.log(await (await fetch(\`http://127.0.0.1:\${plainPort}\`)).text())
const session = connect(\`http://127.0.0.1:\${plainPort}\`)
console.log(await text(session.request({ ':path': '/' })))
session.close()
await kernel.close()
`

const HTTP_ANSWERS = `200 text/plain; charset=utf-8 hello
404 application/json; charset=utf-8 {"reason":"no /nowhere here"}
200 application/json; charset=utf-8 {"status":"ok"}
201 null${' '}
400 application/problem+json {"type":"about:blank","title":"Bad Request","status":400}
200 application/json; charset=utf-8 {"a":1}
200 text/event-stream data: 3

data: 2

data: 1


200 text/plain; charset=utf-8 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
200 text/event-stream event: change
id: 3
data: {"room":3}


206 text/plain; charset=utf-8 hell
200 hello 127.0.0.1
`

const USE_STATIC = `
for (const path of ['/assets/app.js', '/rooms/12', '/rooms/none.png']) {
  const response = await fetch(\`http://127.0.0.1:\${port}\${path}\`)
  console.log(response.status, response.headers.get('cache-control'), await response.text())
}
await kernel.close()
`

const STATIC_ANSWERS = `200 public, max-age=31536000, immutable console.log("hello")
200 public, max-age=0 <script src="/assets/app.js"></script>
404 null {"type":"about:blank","title":"Not Found","status":404}
`

const MONITORING_SAYS = `true
http_requests_total{method="GET",route="",status="2xx"} 1
{ text: 'hello /three', sampled: false }
127.0.0.1 - - [time] "GET /one HTTP/1.1" 200 10
127.0.0.1 - - [time] "GET /metrics HTTP/1.1" 200 BYTES
{"method":"GET","target":"/two","status":200}
{"method":"GET","target":"/three","status":200}
`

const CACHE_ANSWERS = `page 1 unisock; fwd=miss; stored
page 1 unisock; hit
 null
page 2 unisock; fwd=miss; stored
{ hits: 1, misses: 2 }
`

const USE_APACHE = `
const { port } = kernel.address(files)!
const response = await fetch(\`http://127.0.0.1:\${port}/tsconfig.json\`)
console.log(response.status, response.headers.get('x-sendfile'), (await response.text()).length > 0)
console.log((await fetch(\`http://127.0.0.1:\${kernel.address(world)!.port}/health\`)).status)
console.log(line)
await kernel.close()
`

const APACHE_SAID = new RegExp(
  [
    '^# Needs: mod_proxy mod_proxy_fcgi',
    'ProxyPass "/game/static" "!"',
    'ProxyPass "/game" "fcgi://127\\.0\\.0\\.1:\\d+/game" enablereuse=on flushpackets=auto',
    'AllowEncodedSlashes NoDecode',
    '',
    '200 null true',
    '200',
    'BalancerMember "http://127\\.0\\.0\\.1:\\d+" ttl=30 route=a loadfactor=3 hcmethod=GET hcuri=/health hcinterval=2',
    '$',
  ].join('\n'),
)

const USE_REST = `
async function ask(path: string, { headers, ...init }: RequestInit = {}): Promise<any> {
  const response = await fetch(\`http://127.0.0.1:\${port}\${path}\`, { ...init, headers: headers ?? {} })
  const text = await response.text()
  console.log(init.method ?? 'GET', path, response.status, text.startsWith('<') ? 'a page' : text)
  return response
}
const post = (body: string) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body })
await ask('/users', post('{"name":"Wren"}'))
await ask('/users?dry=yes', post('{"nick":"Wren"}'))
await ask('/users', post('{'))
await ask('/users/1')
await ask('/users/2')
await ask('/users/one')
await ask('/users/1', { method: 'PUT' })
await ask('/users/1', { method: 'DELETE' })
const removed = await ask('/users/1', { method: 'DELETE', headers: { authorization: \`Bearer \${token}\` } })
console.log(removed.headers.get('x-by'))
await ask('/search?limit=1000', { headers: { authorization: 'Bearer nonsense' } })
await ask('/docs')
await kernel.close()
`

const PROBLEM = '{"type":"about:blank","title"'
const REST_ANSWERS = `POST /users 201 {"id":1,"name":"Wren","tags":[]}
POST /users?dry=yes 400 ${PROBLEM}:"Bad Request","errors":[{"in":"query","path":"/dry","message":"must be boolean"},{"in":"body","path":"/name","message":"is required"},{"in":"body","path":"/nick","message":"is not known"}],"status":400,"detail":"query/dry must be boolean, and 2 more"}
POST /users 400 ${PROBLEM}:"Bad Request","errors":[{"in":"body","path":"","message":"is not valid JSON"}],"status":400,"detail":"body is not valid JSON"}
GET /users/1 200 {"id":1,"name":"Wren","tags":[]}
GET /users/2 404 ${PROBLEM}:"Not Found","status":404,"detail":"there is no user 2"}
GET /users/one 404 ${PROBLEM}:"Not Found","status":404}
PUT /users/1 405 ${PROBLEM}:"Method Not Allowed","status":405,"detail":"There is DELETE, GET, HEAD here."}
DELETE /users/1 401 ${PROBLEM}:"Unauthorized","status":401,"detail":"A bearer token is required"}
DELETE /users/1 204${' '}
ann
GET /search?limit=1000 200 {"fits":false,"why":[{"in":"query","path":"/limit","message":"must be <= 100"}],"token":"invalid"}
GET /docs 200 a page
`

const USE_REST_MIDDLEWARE = `
async function ask(path: string, { headers, ...init }: RequestInit = {}): Promise<any> {
  const response = await fetch(\`http://127.0.0.1:\${port}\${path}\`, { ...init, headers: headers ?? {} })
  console.log(init.method ?? 'GET', path, response.status, await response.text())
  return response
}
const headers = { authorization: \`Basic \${btoa('ann:sesame')}\`, origin: 'https://a.preview.example.org' }
const order = await ask('/orders/7', { method: 'POST', headers })
for (const name of ['x-frame-options', 'access-control-allow-origin', 'vary', 'ratelimit-policy'])
  console.log(name, order.headers.get(name))
await ask('/orders/100', { method: 'POST', headers })
await ask('/orders/7', { method: 'POST' })
const preflight = { method: 'OPTIONS', headers: { origin: headers.origin, 'access-control-request-method': 'POST' } }
console.log((await ask('/orders/7', preflight)).headers.get('access-control-allow-methods'))
await ask('/orders/8', { method: 'POST', headers })
await ask('/orders/9', { method: 'POST', headers })
await ask('/nowhere', { headers })
const prices = await ask('/prices', { headers: { origin: 'https://elsewhere.example' } })
console.log(prices.headers.get('access-control-allow-origin'), prices.headers.has('etag'), prices.headers.has('ratelimit'))
await kernel.close()
`

const REST_MIDDLEWARE_ANSWERS = `ann did POST /orders/7
POST /orders/7 200 {"ordered":7}
x-frame-options SAMEORIGIN
access-control-allow-origin https://a.preview.example.org
vary Origin
ratelimit-policy "address";q=100;w=60, "user";q=3;w=60
POST /orders/100 422 {"reason":"there are 99 orders"}
POST /orders/7 401 ${PROBLEM}:"Unauthorized","status":401,"detail":"A password is required"}
OPTIONS /orders/7 204${' '}
POST
ann did POST /orders/8
POST /orders/8 200 {"ordered":8}
POST /orders/9 429 {"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Too Many Requests","violated-policies":["user"],"status":429,"detail":"No more than 3 requests in 60 s: try again in 60 s."}
GET /nowhere 404 ${PROBLEM}:"Not Found","status":404,"detail":"nothing at /nowhere, stranger"}
GET /prices 200 {"currency":"EUR","prices":[1,2,3]}
* true false
`

const USE_SOCKETS = `
for (const it of [server, secureServer, submission]) it.close()
await serving
await ears.close()
loop[Symbol.dispose]()
`

const SOCKETS_SAY = `hello
no-such-host.invalid cannot be resolved
hello over TLSv1.3 echo
250 encrypted
2001:db8::1 2001:db8::2 true
127.0.0.1 ::1 ::1
true
true
anybody? true
echo: sent as soon as it stands
packet one
packet two
3
hello from a thread
`

/** A module beside a program, loaded before it begins: waits until the program has said so many lines. */
const SAID = `
let lines = 0
let wake = (): void => {}
const log = console.log
console.log = (...what: unknown[]): void => {
  log(...what)
  lines++
  wake()
}
export async function said(count: number): Promise<void> {
  while (lines < count) await new Promise<void>(resolve => (wake = resolve))
}
`

const NET_SAYS = `hello, you say
ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
ping pong from 127.0.0.1
to the group, says somebody
NOBODY ELSE HEARS
TLSv1.3
unpacked: there and back
noted: all is well
{"sensor":"attic","celsius":31}
they echo: true
they echo: false
Char.Status { name: 'Wren' }
["startup-reply",5,"*router",0,"The Gate",0,1]
6553600 bytes
`

const USE_NET = `
import { said } from './said.ts'

await said(${NET_SAYS.trim().split('\n').length})
await kernel.close()
`

const WEBSOCKET_SAYS = `Wren: hello
noted: all is well
EACCES: the server answered 401 Unauthorized
good evening, Bo
welcome, Ann
NOBODY ELSE HEARS
the stream said BYTES
/lobby chat
100 pages
`

const USE_WEBSOCKET = `
import { said } from './said.ts'

const own = ${WEBSOCKET_SAYS.trim().split('\n').length}
await said(own)
const first = [...names.keys()][0]!
names.delete(first)
void kernel.close(first, { code: 1012 })
while (![...names.values()].includes('Wren')) await new Promise(resolve => setImmediate(resolve))
kernel.write(wren, { data: { say: 'back again' } })
await said(own + 2)
void kernel.close([...names.keys()][0]!, { code: 1000 })
await said(own + 3)

/** As a page does it. */
async function visit(url: string, protocols: string[], text: string): Promise<void> {
  const socket = new WebSocket(url, protocols)
  socket.onopen = () => socket.send(text)
  const { data } = await new Promise<{ data: unknown }>((resolve, reject) => {
    socket.onmessage = resolve
    socket.onerror = reject
  })
  console.log('the page got', data)
  socket.close()
}
await visit(\`ws://127.0.0.1:\${logPort}/\`, [\`unisock.auth.\${key}\`], 'a key')
await visit(\`ws://127.0.0.1:\${webPort}/live\`, [], 'a word')
console.log(await (await fetch(\`http://127.0.0.1:\${webPort}/rooms\`)).text())
await web.close()
await kernel.close()
`

const WEBSOCKET_SAYS_THEN = `for now: the peer closed with 1012
Wren: back again
for good: done
the page got noted: a key
the page got live: a word
["lobby"]
`

const USE_HYDROGEN = `
await wren.close()
const shared = connect(\`ws://127.0.0.1:\${kernel.address(fd)!.port}/\`, { key: 'many-share-91c2' })
console.log(await shared.command('print', 'start'))
await shared.close()
const chat = new WebSocket(\`ws://127.0.0.1:\${kernel.address(fd)!.port}/\`, 'chat')
chat.onopen = () => chat.send('of another subprotocol')
console.log((await new Promise<MessageEvent>(resolve => (chat.onmessage = resolve))).data)
chat.close()
await kernel.close()
`

const HYDROGEN_SAYS = `{ job: 1, file: 'boat.gcode', by: 'wren' }
the bed has 60 °C
ThreadPoolSize is 4: a server has one worker, and goes on with that
list by bo
forbidden
signature_missing
delete by bo
response c1 true hull.gcode
alarm.smoke: a lot
1 2 a lot
{ connections: 1, users: [ { user: 'wren', connections: 1 } ] }
{ offset: 1, matched: 1, confirmed: 1 }
true
orders for wren: term after 1
0
the bed has 61 °C
recovered: true
1 string 1 { recovered: 1, partly: 0, failed: 0 }
verifying established connected closing closed
hello client
of another subprotocol
`

const EXTERNAL_SAYS = `sorted: 9 10
exit code 0
it is over
the cat says meow
an order: two pints
signalled 3
game.cfg modified
`

const USE_EXTERNAL = `
import { rmSync } from 'node:fs'
import { said } from './said.ts'

await said(${EXTERNAL_SAYS.trim().split('\n').length})
await kernel.close()
rmSync(data, { recursive: true })
`

const MQTT_SAYS = `mud/players/login: Wren
broker
lamp is here
seen: house/lamp/on
MQTT 3.1.1 has no answers
the lamp may not
`

const USE_MQTT = `
import { MQTT_PASSWORD, MQTT_USERNAME } from '@unisock/plugin-mqtt'
import { said } from './said.ts'

await ask('why?').catch(error => console.log(error.code === 'ENOTSUP' ? 'MQTT 3.1.1 has no answers' : error))
await kernel.setOption(oracle, MQTT_USERNAME, 'lamp')
await kernel.setOption(oracle, MQTT_PASSWORD, 'secret')
await kernel.connect(oracle, kernel.address(guarded)!.port)
await kernel.request(oracle, { topic: 'house/lamp/on', qos: 1 })
await kernel.request(oracle, { subscribe: 'house/#' }).catch(() => console.log('the lamp may not'))
await said(6)
await kernel.close()
`

const CLIENT_SAYS = `200 { asked: 'GET /things?id=7' }
true application/json; charset=utf-8
1 { asked: 'GET /new' }
22
false
true
{ id: 7, name: 'ann' }
404 there is no user 8
{ id: 7, name: 'ann' }
EINVAL getUser the call does not fit: path/id must be integer
`

const USE_BODIES = `
const at = (fd: number) => \`http://127.0.0.1:\${kernel.address(fd as any)!.port}/\`
async function post(url: string, body: FormData | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, { method: 'POST', body, headers })
  console.log(response.status, response.headers.get('content-type'), Buffer.from(await response.arrayBuffer()).toString('latin1'))
}
const form = new FormData()
form.append('title', 'summer')
form.append('a', new File([Uint8Array.of(0xff, 0xd8, 0xff)], 'a.jpg', { type: 'image/jpeg' }))
form.append('b', new File(['no photo'], 'b.png', { type: 'image/png' }))
await post(at(albums), form)
await post(at(digests), form)
form.append('c', new File(['text'], 'c.txt', { type: 'text/plain' }))
await post(at(albums), form)
const cbor = { 'content-type': 'application/cbor', accept: 'application/cbor' }
await post(at(api) + 'double', Uint8Array.of(0xa1, 0x61, 0x6e, 0x05), cbor)
await kernel.close()
`

const BODIES_ANSWERS = `200 application/json; charset=utf-8 {"title":"summer","photos":1,"of":2}
200 application/json; charset=utf-8 {"a.jpg":3,"b.png":8}
415 application/problem+json {"type":"about:blank","title":"Unsupported Media Type","status":415,"detail":"Files of the type text/plain are not taken."}
200 application/cbor \u00a1an\n
`

describe('the examples of the manual', () => {
  const openssl = findProgram('openssl')

  /** `cert.pem` and `key.pem` for localhost. */
  async function makeCertificate(cwd: string): Promise<void> {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'key.pem']
    const certificate = ['req', '-x509', ...key, '-out', 'cert.pem', '-days', '2', '-subj', '/CN=localhost']
    await promisify(execFile)(openssl!, certificate, { cwd })
  }

  test.skipIf(!openssl)('docs/http.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('http')
    await makeCertificate(folder.path)
    expect(await runManual('docs/http.md', USE_HTTP, folder.path)).toEqual({
      code: 0,
      stdout: HTTP_ANSWERS,
      stderr: '',
    })
  })

  test.skipIf(!openssl)('docs/http2.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('http2')
    await makeCertificate(folder.path)
    expect(await runManual('docs/http2.md', USE_HTTP2, folder.path)).toEqual({
      code: 0,
      stdout: '2.0 GET /hello by HTTP/2.0\n1.1\n2.0\n',
      stderr: '',
    })
  })

  test('docs/static.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('static')
    expect(await runManual('docs/static.md', USE_STATIC, folder.path)).toEqual({
      code: 0,
      stdout: STATIC_ANSWERS,
      stderr: '',
    })
  })

  test('docs/request-bodies.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('request-bodies')
    expect(await runManual('docs/request-bodies.md', USE_BODIES, folder.path)).toEqual({
      code: 0,
      stdout: BODIES_ANSWERS,
      stderr: '',
    })
  })

  test('docs/http-client.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('http-client')
    expect(await runManual('docs/http-client.md', 'await kernel.close()', folder.path)).toEqual({
      code: 0,
      stdout: CLIENT_SAYS,
      stderr: '',
    })
  })

  test('docs/cache.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('manual')
    expect(await runManual('docs/cache.md', 'await kernel.close()', folder.path)).toEqual({
      code: 0,
      stdout: CACHE_ANSWERS,
      stderr: '',
    })
  })

  test('docs/monitoring.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('monitoring')
    const { stdout, ...rest } = await runManual('docs/monitoring.md', '', folder.path)
    expect(rest, stdout).toEqual({ code: 0, stderr: '' })
    expect(stdout.replace(/(?<=\/metrics HTTP\/1\.1" 200 )\d+/, 'BYTES')).toBe(MONITORING_SAYS)
  })

  test('docs/apache.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('manual')
    const { stdout, ...rest } = await runManual('docs/apache.md', USE_APACHE, folder.path)
    expect(rest).toMatchObject({ code: 0, stderr: '' })
    expect(stdout).toMatch(APACHE_SAID)
  })

  test('docs/rest.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('rest')
    expect(await runManual('docs/rest.md', USE_REST, folder.path)).toEqual({
      code: 0,
      stdout: REST_ANSWERS,
      stderr: '',
    })
  })

  test('docs/rest-middleware.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('rest-middleware')
    const { stdout, ...rest } = await runManual('docs/rest-middleware.md', USE_REST_MIDDLEWARE, folder.path)
    expect(rest, stdout).toEqual({ code: 0, stderr: '' })
    expect(stdout.replace(/try again in \d+ s/, 'try again in 60 s')).toBe(REST_MIDDLEWARE_ANSWERS)
  })

  test.skipIf(!openssl)('docs/sockets.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('sockets')
    await makeCertificate(folder.path)
    const { stdout, ...rest } = await runManual('docs/sockets.md', USE_SOCKETS, folder.path)
    expect(rest).toEqual({ code: 0, stderr: '' })
    // Packets and the loop's own sockets come in the order the system has.
    expect(stdout.split('\n').sort()).toEqual(SOCKETS_SAY.split('\n').sort())
  })
  test.skipIf(!openssl)('docs/net.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('net')
    await makeCertificate(folder.path)
    await writeFile(join(folder.path, 'said.ts'), SAID)
    const { stdout, ...rest } = await runManual('docs/net.md', USE_NET, folder.path)
    expect(rest).toEqual({ code: 0, stderr: '' })
    // Each program's lines come in the order the system has.
    expect(stdout.split('\n').sort()).toEqual(NET_SAYS.split('\n').sort())
  })
  test.skipIf(!openssl)('docs/websocket.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('websocket')
    await makeCertificate(folder.path)
    await writeFile(join(folder.path, 'said.ts'), SAID)
    const { stdout, ...rest } = await runManual('docs/websocket.md', USE_WEBSOCKET, folder.path)
    expect(rest, stdout).toEqual({ code: 0, stderr: '' })
    // Each program's lines come in the order the system has.
    const lines = stdout.split('\n')
    const own = WEBSOCKET_SAYS.trim().split('\n')
    expect(lines.slice(0, own.length).sort()).toEqual(own.sort())
    expect(lines.slice(own.length).join('\n')).toBe(WEBSOCKET_SAYS_THEN)
  })

  test('docs/hydrogen.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('hydrogen')
    const { stdout, ...rest } = await runManual('docs/hydrogen.md', USE_HYDROGEN, folder.path)
    expect(rest, stdout).toEqual({ code: 0, stderr: '' })
    // Answers and events come in the order the system has.
    expect(stdout.split('\n').sort()).toEqual(HYDROGEN_SAYS.split('\n').sort())
  })

  test('docs/mqtt.md compile and work', { timeout: 60_000 }, async () => {
    await using folder = await scratchFolder('mqtt')
    await writeFile(join(folder.path, 'said.ts'), SAID)
    const { stdout, ...rest } = await runManual('docs/mqtt.md', USE_MQTT, folder.path)
    expect(rest, stdout).toEqual({ code: 0, stderr: '' })
    // Each client's lines come in the order the system has.
    expect(stdout.split('\n').sort()).toEqual(MQTT_SAYS.split('\n').sort())
  })

  test.runIf(process.platform === 'linux')(
    'docs/external.md compile and work',
    { timeout: 60_000 },
    async () => {
      await using folder = await scratchFolder('external')
      await writeFile(join(folder.path, 'said.ts'), SAID)
      const { stdout, ...rest } = await runManual('docs/external.md', USE_EXTERNAL, folder.path)
      expect(rest, stdout).toEqual({ code: 0, stderr: '' })
      // Each socket's lines come in the order the system has.
      expect(stdout.split('\n').sort()).toEqual(EXTERNAL_SAYS.split('\n').sort())
    },
  )
})
