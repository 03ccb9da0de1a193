import { expect, test } from 'vitest'
import { runManual } from '../../../../test/support/manual.ts'
import { scratchFolder } from '../../../../test/support/workspace.ts'

/** Appended to the page's own program: cuts the connection, and ends it. */
const USE = `
const back = new Promise(resolve => client.on('session', resolve))
await server.disconnect({ session: client.session!.session }, { code: 4000 })
await back
await Promise.all([client.close(), other.close(), typed.close()])
await kernel.close()
`

const SAYS = `{ job: 1, action: 'start', file: 'boat.gcode' }
the bed has 60 °C
wren
signature_missing
{ job: 1, action: 'delete', file: 'boat.gcode' }
room.hall 1: the door opens
the bed has 61 °C
the bed has 62 °C
the bed has 63 °C
4 [ 61, 62 ]
bad_value
4
the till is stuck
tea, attempt 2
1
1.0
Closed with 4000
back
`

test('the examples of docs/hydrogen-client.md compile and work', { timeout: 60_000 }, async () => {
  await using folder = await scratchFolder('hydrogen-client')
  const { stdout, ...rest } = await runManual('docs/hydrogen-client.md', USE, folder.path)
  expect(rest, stdout).toEqual({ code: 0, stderr: '' })
  // Answers and events come in the order the system has.
  expect(stdout.split('\n').sort()).toEqual(SAYS.split('\n').sort())
})
