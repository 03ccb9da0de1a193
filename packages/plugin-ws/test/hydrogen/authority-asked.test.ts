/** HYDROGEN_KEYS and HYDROGEN_VERIFY on a listener: who gets a 101. */
import { signJwt } from '@unisock/jwt'
import { expect, test } from 'vitest'
import { HYDROGEN_KEYS, HYDROGEN_VERIFY, type VerifyRequest, WS_PROTOCOL } from '../../src/index.ts'
import { ISOLATIONS, peer, refusedWith, serving, wsKernel } from '../support/kernel.ts'

const PROTOCOL = 'hydrogen-protocol'
const SECRET = 'a secret that is as long as RFC 7518 asks for'
const bearing = (value: string) => ({ headers: { Authorization: value } })

test.each(ISOLATIONS)(
  'over %s the program is asked about what is neither a key nor a token',
  async isolation => {
    await using kernel = await wsKernel(isolation)
    const asked: VerifyRequest[] = []
    const handler = async (request: VerifyRequest) => {
      asked.push({ ...request })
      return request.token === 'ours' ? { user: 'ann' } : undefined
    }
    const { url } = await serving(kernel, {}, [
      [WS_PROTOCOL, [PROTOCOL]],
      [HYDROGEN_KEYS, ['key']],
      [HYDROGEN_VERIFY, { jwt: SECRET, handler }],
    ])
    const token = signJwt({ sub: 'ann' }, { secret: SECRET, expiresIn: 60 })
    await using _key = await peer(url, [PROTOCOL], bearing('Key key'))
    await using _token = await peer(url, [PROTOCOL], bearing(`Bearer ${token}`))
    await using _browser = await peer(url, [PROTOCOL, `unisock.auth.${token}`])
    expect(asked).toEqual([])
    await using _ours = await peer(url, [PROTOCOL], bearing('Bearer ours'))
    expect((await refusedWith(url, [PROTOCOL], bearing('Key theirs'))).status).toBe(401)
    expect((await refusedWith(url, [PROTOCOL])).status).toBe(401)
    expect(asked).toEqual([
      { token: 'ours', scheme: 'bearer' },
      { token: 'theirs', scheme: 'key' },
    ])
  },
)

test('a server that nobody could ever enter does not listen', async () => {
  await using kernel = await wsKernel()
  await expect(serving(kernel, {}, [[WS_PROTOCOL, [PROTOCOL]]])).rejects.toThrow('set HYDROGEN_KEYS (441)')
})

test('a key for tokens that is none is refused by name', async () => {
  await using kernel = await wsKernel()
  const rows = [
    [WS_PROTOCOL, [PROTOCOL]],
    [HYDROGEN_VERIFY, { jwt: { publicKey: 'x' } }],
  ] as const
  await expect(serving(kernel, {}, rows)).rejects.toThrow('HYDROGEN_VERIFY (442): jwt: publicKey')
})
