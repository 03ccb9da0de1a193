/** Servers made from a configuration file, and what each of its keys does to them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { createKernel } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../../../test/support/certificates.ts'
import { memoryLogger } from '../../../../../test/support/memory-logger.ts'
import { until } from '../../../../../test/support/until.ts'
import { scratchFolder } from '../../../../../test/support/workspace.ts'
import type { HydrogenConfig } from '../../../src/hydrogen/config/index.ts'
import { createHydrogenServer, HYDROGEN_CONFIG, WS_PROTOCOL, ws } from '../../../src/index.ts'
import { ISOLATIONS, type OptionRow, refusedWith, serving, wsKernel } from '../../support/kernel.ts'
import { HydrogenPeer } from '../support/peer.ts'
import { serve } from '../support/server.ts'

let authority: Authority
let issued: Issued

beforeAll(() => {
  authority = new Authority()
  issued = authority.issue('localhost')
})
afterAll(() => authority[Symbol.dispose]())

/** As Hydrogen's own manual has it, but for the port and the files. */
const file = ({ certificatePath, privateKeyPath }: Issued): string => `{
  "WebSocketServer": {
    "Enabled": true,
    "Port": 0,
    "Interface": "0.0.0.0",
    "EnableIPv6": true,
    "SecureMode": "tls",  // "none", "tls"
    "CertificatePath": "${certificatePath}",
    "KeyPath": "${privateKeyPath}",
    "AuthRequired": true,
    "IdleTimeout": 300,
    "MaxConnections": 100,
    "ThreadPoolSize": 4
  }
}
`

const config = (section: Partial<HydrogenConfig>) => ({ WebSocketServer: { Port: 0, ...section } })

/** The version that a TLS client of these versions gets, or the code of its error. */
function tlsVersion(port: number, version: SecureVersion): Promise<string | null> {
  const socket: TLSSocket = connect({
    port,
    host: '127.0.0.1',
    ca: authority.certificate,
    minVersion: version,
    maxVersion: version,
    ciphers: 'DEFAULT@SECLEVEL=0',
  })
  return new Promise(resolve => {
    socket.on('secureConnect', () => resolve(socket.getProtocol()))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  }).finally(() => socket.destroy()) as Promise<string | null>
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('the file of the manual is read as it stands, and a server listens by it', async () => {
    await using folder = await scratchFolder('hydrogen')
    const path = join(folder.path, 'hydrogen.json')
    await writeFile(path, file(issued))
    const logger = memoryLogger()
    await using kernel = await createKernel({ plugins: [ws({ isolation })], logger })
    await using server = await createHydrogenServer(kernel, {
      config: path,
      keys: ['abc'],
      handlers: { print: ({ user }) => user },
    })
    const { port } = server.address
    const notice = 'ThreadPoolSize is 4: a server has one worker, and goes on with that'
    expect(server.notices).toEqual([notice])
    // A worker's log and its answers go different ways.
    await until(() => logger.lines.some(({ message }) => message === notice))
    expect(server.address.address).toBe('::')

    const options = { ca: authority.certificate }
    for (const host of ['127.0.0.1', 'localhost']) {
      await using peer = await HydrogenPeer.connected(`wss://${host}:${port}/`, { key: 'abc', ws: options })
      expect(await peer.command('print', 'start')).toMatchObject({ data: 'client' })
    }
    const { status } = await refusedWith(`wss://localhost:${port}/`, ['hydrogen-protocol'], options)
    expect(status).toBe(401)
    expect(await tlsVersion(port, 'TLSv1.3')).toBe('TLSv1.3')
    expect(await tlsVersion(port, 'TLSv1.2')).toBe('TLSv1.2')
    for (const old of ['TLSv1', 'TLSv1.1'] as const)
      expect(await tlsVersion(port, old)).toMatch(/^(ERR_SSL|ECONNRESET)/)
  })

  test('Enabled false: it does not listen, and says why', async () => {
    await using kernel = await wsKernel(isolation)
    await expect(
      createHydrogenServer(kernel, { config: config({ Enabled: false }), keys: ['abc'] }),
    ).rejects.toMatchObject({ code: 'ENOTSUP', message: expect.stringContaining('Enabled is false') })
    expect(kernel.status()).toEqual([])
  })
})

test('AuthRequired false: who shows nothing, or what is not known, is anonymous', async () => {
  await using served = await serve({
    config: config({ AuthRequired: false }),
    keys: [{ key: 'abc', user: 'ann', permissions: ['print:*'] }],
    handlers: { print: ({ user }) => user },
  })
  const user = async (key: string): Promise<string> =>
    (await (await served.open({ key })).command('print', 'start')).data
  expect(await user('')).toBe('anonymous')
  expect(await user('wrong')).toBe('anonymous')
  expect(await user('abc')).toBe('ann')
})

test('MaxConnections: one more is refused', async () => {
  await using served = await serve({ config: config({ MaxConnections: 1 }), keys: ['abc'] })
  await served.client({ key: 'abc' })
  const headers = { Authorization: 'Key abc' }
  expect((await refusedWith(served.url, ['hydrogen-protocol'], { headers })).status).toBe(503)
})

test('IdleTimeout 0: a silent connection stays', async () => {
  await using served = await serve({ config: config({ IdleTimeout: 0 }), status: { interval: 1 } })
  const [silent, watcher] = [await served.client(), await served.client()]
  await watcher.subscribe('system')
  await watcher.events(3)
  await silent.settled()
})

test.each([
  [{ Interface: '127.0.0.1' }, '127.0.0.1'],
  [{ Interface: '0.0.0.0', EnableIPv6: false }, '0.0.0.0'],
  [{ Interface: '0.0.0.0' }, '::'],
  [{ Interface: '::1' }, '::1'],
  [{}, '127.0.0.1'],
])('Interface and EnableIPv6 of %j: it listens on %s', async (section, address) => {
  await using kernel = await wsKernel()
  await using server = await createHydrogenServer(kernel, { config: config(section), keys: ['abc'] })
  expect(server.address.address).toBe(address)
  expect(server.notices).toEqual([])
})

test('SecureMode tls with files that there are not: it does not listen, and names the option', async () => {
  await using kernel = await wsKernel()
  const files = { CertificatePath: '/nowhere/cert.pem', KeyPath: '/nowhere/key.pem' }
  await expect(
    createHydrogenServer(kernel, { config: config({ SecureMode: 'tls', ...files }), keys: ['abc'] }),
  ).rejects.toMatchObject({ message: expect.stringContaining('TLS_CERTIFICATE') })
})

test('on an fd, the file says who has to show what, and whether anybody is served', async () => {
  await using kernel = await wsKernel()
  const options = (section: Partial<HydrogenConfig>): OptionRow[] => [
    [WS_PROTOCOL, ['hydrogen-protocol']],
    [HYDROGEN_CONFIG, config(section)],
  ]
  const { url } = await serving(kernel, {}, options({ AuthRequired: false }))
  await using peer = await HydrogenPeer.connected(url, { key: '' })
  await peer.settled()
  await expect(serving(kernel, {}, options({}))).rejects.toMatchObject({ code: 'EINVAL' })
  await expect(serving(kernel, {}, options({ Enabled: false }))).rejects.toMatchObject({ code: 'ENOTSUP' })
})
