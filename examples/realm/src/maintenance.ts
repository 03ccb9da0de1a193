/**
 * `maintenance [--group NAME]`: tells the realms of this user that maintenance begins; told again, that it is over.
 * @module
 */
import { parseArgs } from 'node:util'
import { createKernel } from '@unisock/kernel'
import { EXTERNAL_EVENTFD, external } from '@unisock/plugin-external'

const { values } = parseArgs({ options: { group: { type: 'string', default: 'realm' } } })

const kernel = await createKernel({ plugins: [external({ isolation: 'inline' })] })
try {
  const told = Promise.withResolvers<void>()
  const bell = kernel.create(
    EXTERNAL_EVENTFD,
    () => told.resolve(),
    (_fd, error) => told.reject(error),
  )
  await kernel.bind(bell, values.group)
  kernel.write(bell, 1)
  // Each member is told what any member writes: what has come back has gone to all.
  await told.promise
  console.log(`The group ${values.group} was signalled.`)
} catch (error) {
  console.error(`The group ${values.group} cannot be signalled: ${(error as Error).message}`)
  process.exitCode = 1
}
await kernel.close()
