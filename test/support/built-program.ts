/**
 * A program that is plain JavaScript: it answers a request of each kind to itself and prints what it got, and where the
 * packages came from.
 */
export const BUILT_PROGRAM = `
import { createKernel } from '@unisock/kernel'
import { HTTP_SERVER, http } from '@unisock/plugin-http'
import { REST_ADD_ROUTE, REST_SERVER, rest, route } from '@unisock/plugin-rest'

const isolation = process.argv[2]
const kernel = await createKernel({ plugins: [http({ isolation }), rest({ isolation })] })
const server = kernel.create(HTTP_SERVER, (fd, request) => kernel.write(fd, 'hello ' + request.path))
const api = kernel.create(REST_SERVER, {})
const square = route({
  method: 'POST',
  pattern: '/squares/{number:int}',
  openapi: { body: { type: 'object', required: ['unit'], properties: { unit: { type: 'string' } } } },
  handler: ({ path_params: { number }, body: { unit } }) => ({ area: number ** 2, unit: unit + '²' }),
})
kernel.setOption(api, REST_ADD_ROUTE, square)

async function ask(fd, path, init) {
  await kernel.bind(fd, 0)
  const { port } = await kernel.listen(fd)
  return (await fetch('http://127.0.0.1:' + port + path, init)).text()
}

const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"unit":"m"}' }
const answers = [await ask(server, '/there'), await ask(api, '/squares/12', json)]
const packages = ['kernel', 'plugin-http', 'plugin-rest'].map(name => import.meta.resolve('@unisock/' + name))
console.log(JSON.stringify({ answers, packages }))
await kernel.close()
`
