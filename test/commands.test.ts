import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { get } from './support/clients.ts'
import { findProgram } from './support/programs.ts'
import { runNode } from './support/run.ts'
import { fileOf } from './support/workspace.ts'

const REALM = fileOf('examples/realm/src/main.ts')
const curl = findProgram('curl')

interface Started extends AsyncDisposable {
  /** What it printed, by the words before it. */
  places: ReadonlyMap<string, string>
  stop(signal: NodeJS.Signals): Promise<{ code: number | null; signal: string | null; stderr: string }>
}

/** Starts the realm on free ports; resolves when it has said where it is. */
async function startCommand(): Promise<Started> {
  const child = spawn(process.execPath, [REALM, '--port', '0', '--api-port', '0', '--telnet-port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', chunk => {
    stderr += chunk
  })
  const places = new Map<string, string>()
  for await (const line of createInterface(child.stdout)) {
    const [, what, where] = /^ {2}(\S.*?) {2,}(.*)$/.exec(line) ?? []
    if (what !== undefined) places.set(what, where!)
    if (line.startsWith('Interrupt')) break
  }
  return {
    places,
    async stop(signal) {
      child.kill(signal)
      const [code, by] = await exited
      return { code, signal: by, stderr }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** What a telnet door says first, up to its question. */
async function greeting(host: string, port: number): Promise<string> {
  const socket = connect({ host, port }).setEncoding('latin1')
  let seen = ''
  for await (const chunk of socket) {
    seen += chunk
    if (seen.includes('Your name: ')) break
  }
  return seen
}

test('the realm checks itself', async () => {
  const { code, stdout, stderr } = await runNode([REALM, '--check'])
  expect(stdout).toMatch(/^ok {3}GET /m)
  expect(stdout).toMatch(/^ok {3}telnet: quit → Farewell\.$/m)
  expect(stdout).not.toMatch(/^FAIL/m)
  expect(stdout).toMatch(/all as it should be\n$/)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

describe.skipIf(!curl)('the realm, started', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'says where it is, answers there, and ends with code 0 on %s',
    async signal => {
      await using realm = await startCommand()
      const { places } = realm
      expect([...places.keys()]).toEqual([
        'What is where',
        'API',
        'Documentation',
        'Metrics',
        'In a browser',
        'To play',
        'MQTT',
        'Configuration',
        'Maintenance',
        'The keeper',
      ])
      const fetchText = async (...args: string[]) =>
        (await promisify(execFile)(curl!, ['-sS', '--fail', '--max-time', '10', ...args])).stdout
      expect(await fetchText(places.get('What is where')!)).toContain('<h1>Realm</h1>')
      const [, host, port] = /^telnet (\S+) (\d+)$/.exec(places.get('To play')!)!
      expect(await greeting(host!, Number(port))).toContain('Welcome to the realm.')
      expect(await fetchText('-L', places.get('Documentation')!)).toContain('swagger-ui')
      expect(await fetchText(places.get('Metrics')!)).toContain('# TYPE http_requests_total counter')
      const api = places.get('API')!
      expect(JSON.parse(await fetchText(`${api}/realm`))).toMatchObject({ players: 1, rooms: 4 })
      const [, name, password] = /^name (\S+), password (\S+)$/.exec(places.get('The keeper')!)!
      const login = ['--json', JSON.stringify({ name, password }), `${api}/login`]
      expect(JSON.parse(await fetchText(...login))).toEqual({ token: expect.any(String) })

      const agent = new http.Agent({ keepAlive: true })
      expect((await get(`${api}/realm`, agent)).status).toBe(200)
      expect(await realm.stop(signal)).toEqual({ code: 0, signal: null, stderr: '' })
      agent.destroy()
    },
  )
})
