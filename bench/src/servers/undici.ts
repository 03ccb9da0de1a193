import { Agent, request } from 'undici'
import { AT_ONCE, asking } from './asking.ts'

await asking(async url => {
  const dispatcher = new Agent({ connections: AT_ONCE, pipelining: 1 })
  const target = `${url}/things/17`
  return {
    ask: async () => (await request(target, { dispatcher })).body.json(),
    close: () => dispatcher.destroy(),
  }
})
