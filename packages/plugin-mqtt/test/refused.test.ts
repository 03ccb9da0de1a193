/** What programs write that cannot be sent. */
import { expect, test } from 'vitest'
import { MQTT_PASSWORD, MQTT_WILL_TOPIC } from '../src/index.ts'
import { client, mqttKernel, serving } from './support/kernel.ts'

const TOO_LONG = 'ü'.repeat(40_000)

test.each([
  ['a wildcard in a topic', { topic: 'mud/+/x' }, 'EINVAL', 'wildcard'],
  ['the other wildcard', { topic: 'mud/#' }, 'EINVAL', 'wildcard'],
  ['an empty topic', { topic: '' }, 'EINVAL', 'not empty'],
  ['a topic with a null', { topic: 'a\0b' }, 'EINVAL', 'null'],
  ['half a surrogate pair', { topic: '\ud800' }, 'EINVAL', 'surrogate'],
  ['a topic that is too long', { topic: TOO_LONG }, 'EINVAL', '65535'],
  ['QoS 3', { topic: 't', qos: 3 }, 'EINVAL', 'qos is 0, 1 or 2'],
  ['a payload that is no JSON', { topic: 't', payload: 1n }, 'ETYPENOTSUPP', 'JSON'],
  ['an unknown property', { topic: 't', properties: { topicAlias: 1 } }, 'EINVAL', 'topicAlias'],
  ['a property of the wrong type', { topic: 't', properties: { contentType: 7 } }, 'EINVAL', 'contentType'],
  [
    'a response topic with a wildcard',
    { topic: 't', properties: { responseTopic: '#' } },
    'EINVAL',
    'wildcard',
  ],
  ['nothing to subscribe to', { subscribe: [] }, 'EINVAL', 'at least one'],
  ['a wildcard within a level', { subscribe: 'a+/b' }, 'EINVAL', 'whole level'],
  ['a # that is not last', { subscribe: 'a/#/b' }, 'EINVAL', 'whole level'],
  ['QoS -1', { subscribe: { topic: 'a', qos: -1 } }, 'EINVAL', 'qos is 0, 1 or 2'],
  ['an empty filter', { unsubscribe: '' }, 'EINVAL', 'not empty'],
  ['text', 'hello', 'ETYPENOTSUPP', '{ topic, payload }'],
  ['null', null, 'ETYPENOTSUPP', '{ topic, payload }'],
] as const)('%s is refused by write and by request', async (title, data, code, message) => {
  await using kernel = await mqttKernel()
  const { url } = await serving(kernel)
  const { fd } = await client(kernel, url)
  const error = expect.objectContaining({ code, message: expect.stringContaining(message) })
  expect(() => kernel.write(fd, data as never)).toThrow(error)
  // What no link can carry has changed on the way.
  if (!['a payload that is no JSON', 'half a surrogate pair'].includes(title))
    await expect(kernel.request(fd, data as never)).rejects.toEqual(error)
})

test('what MQTT 3.1.1 has not is refused there', async () => {
  await using kernel = await mqttKernel()
  const { url } = await serving(kernel)
  const { fd, errors } = await client(kernel, url)
  for (const data of [
    { topic: 't', qos: 1, properties: { contentType: 'text/plain' } },
    { topic: 't', properties: { contentType: 'text/plain' } },
    { subscribe: { topic: 't', noLocal: true } },
    { subscribe: 't', properties: { subscriptionIdentifier: 7 } },
  ] as const) {
    await expect(kernel.request(fd, data)).rejects.toMatchObject({ code: 'ENOTSUP' })
    kernel.write(fd, data)
    expect(await errors.next()).toMatchObject({ code: 'ENOTSUP', message: expect.stringContaining('160') })
  }
  await expect(kernel.request(fd, { topic: 't', acknowledge: 'response' })).rejects.toMatchObject({
    code: 'ENOTSUP',
  })
  // It goes on as before.
  expect(await kernel.request(fd, { topic: 't', qos: 1 })).toEqual({ acknowledged: 'broker' })
})

test('options that do not go together are refused', async () => {
  await using kernel = await mqttKernel()
  const { url } = await serving(kernel)
  await expect(client(kernel, url, [[MQTT_PASSWORD, 'x']])).rejects.toMatchObject({
    code: 'EINVAL',
    message: expect.stringContaining('MQTT_USERNAME'),
  })
  const { fd } = await client(kernel, url)
  await expect(kernel.setOption(fd, MQTT_WILL_TOPIC, 'a/#')).rejects.toMatchObject({ code: 'EINVAL' })
  await expect(kernel.setOption(fd, MQTT_WILL_TOPIC, '')).resolves.toBeUndefined()
})
