import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { lackingModes } from '../src/lacking-modes.ts'
import { openDescriptor } from '../src/system/descriptor.ts'
import { koffiFunctions } from '../src/system/koffi.ts'
import { load, loadSystem } from '../src/system/load.ts'
import { nodeFunctions } from '../src/system/node-ffi.ts'
import type { System } from '../src/system/system.ts'

const koffi = await koffiFunctions().then(
  () => true,
  () => false,
)

describe.each([
  ['node:ffi', nodeFunctions() !== undefined, async () => nodeFunctions()],
  ['koffi', koffi, koffiFunctions],
] as const)('the system by %s', (_name, there, way) => {
  test.runIf(there)('passes its self-test, and tells errors by their codes', async () => {
    const loaded = await load([way], 'linux')
    expect(loaded).toHaveProperty('system')
    const { system } = loaded as { system: System }
    expect(() => system.open(Buffer.from('/no/such/file'), 0)).toThrow(
      expect.objectContaining({ code: 'ENOENT', syscall: 'open' }),
    )
    expect(() => system.makeFifo(Buffer.from('/'))).toThrow(expect.objectContaining({ code: 'EEXIST' }))
    expect(() => system.inotifyAddWatch(-1, Buffer.from('/'), 1)).toThrow(
      expect.objectContaining({ code: 'EBADF' }),
    )
    const stream = openDescriptor(system, system.eventfd(0), true)
    stream.write(Buffer.from([1, 0, 0, 0, 0, 0, 0, 1]))
    expect((await once(stream, 'data'))[0]).toEqual(Buffer.from([1, 0, 0, 0, 0, 0, 0, 1]))
    stream.destroy()
  })
})

describe('where there is no system to call', () => {
  test('the reason is what each way said', async () => {
    const refuses = (message: string) => async () => {
      throw new Error(message)
    }
    expect(await load([refuses('not allowed'), refuses('not installed')], 'linux')).toEqual({
      reason: 'the system cannot be called: not allowed; not installed',
    })
    expect(await load([async () => undefined], 'linux')).toEqual({
      reason: 'the system cannot be called: this Node has no FFI',
    })
    expect(await load([], 'darwin')).toEqual({ reason: "it is Linux's, and this is darwin" })
  })

  test('what does not work as it should is found by the self-test', async () => {
    const functions = nodeFunctions() ?? (await koffiFunctions())
    const { reason } = (await load([async () => ({ ...functions, eventfd: () => -1 })], 'linux')) as {
      reason: string
    }
    expect(reason).toMatch(/eventfd/)
  })

  test('the next way is tried', async () => {
    const functions = nodeFunctions() ?? (await koffiFunctions())
    const loaded = await load(
      [async () => ({ ...functions, inotify_init1: () => -1 }), async () => functions],
      'linux',
    )
    expect(loaded).toHaveProperty('system')
  })
})

test('only the modes that need the system are lacking without it; on Windows all are', async () => {
  const none = await lackingModes('darwin', async () => ({ reason: 'why' }))
  expect([...none].sort()).toEqual([
    [42, 'why'],
    [43, 'why'],
    [44, 'why'],
  ])
  const windows = await lackingModes('win32', async () => ({ reason: 'why' }))
  expect(windows.map(([mode]) => mode).sort()).toEqual([40, 41, 42, 43, 44])
  expect(await lackingModes('linux', loadSystem)).toEqual([])
})
