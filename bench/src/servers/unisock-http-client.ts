import { createKernel, SO_MAX_CONNECTIONS } from '@unisock/kernel'
import { HTTP_CLIENT, http } from '@unisock/plugin-http'
import { AT_ONCE, asking } from './asking.ts'

const kernel = await createKernel({ plugins: [http()] })

await asking(async url => {
  const fd = kernel.create(HTTP_CLIENT, {})
  void kernel.setOption(fd, SO_MAX_CONNECTIONS, AT_ONCE)
  await kernel.connect(fd, url)
  return {
    ask: async () => (await kernel.request(fd, '/things/17')).json(),
    close: () => kernel.close(fd, { abort: true }),
  }
})
