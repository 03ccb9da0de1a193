import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { DEFAULTS, parseConfig } from '../src/config.ts'

const parse = (content: unknown) => parseConfig(JSON.stringify(content))

describe('a configuration', () => {
  test('has the defaults where it does not say', () => {
    expect(parse({})).toEqual(DEFAULTS)
    expect(parse({ limits: { players: 3 } })).toEqual({
      ...DEFAULTS,
      limits: { players: 3, idleMinutes: 60 },
    })
  })

  test('says everything that there is', () => {
    const all = {
      greeting: 'Hi',
      keeper: 'Owl',
      limits: { players: 1, idleMinutes: 0 },
      masked: ['drat', 'Föhn'],
    }
    expect(parse(all)).toEqual(all)
  })

  test('of the example is one', () => {
    const text = readFileSync(new URL('../realm.json', import.meta.url), 'utf8')
    expect(parseConfig(text)).toMatchObject({ keeper: 'keeper', masked: expect.arrayContaining(['drat']) })
  })

  test.each([
    [[], 'a configuration is a mapping'],
    [null, 'a configuration is a mapping'],
    [{ greeeting: 'Hi' }, 'there is no greeeting'],
    [JSON.parse('{ "__proto__": {} }'), 'there is no __proto__'],
    [{ greeting: '' }, 'greeting is to be 1 to 400 characters'],
    [{ greeting: 'x'.repeat(401) }, 'greeting is to be 1 to 400 characters'],
    [{ keeper: '-' }, 'keeper is to be a name: 2 to 20 letters'],
    [{ keeper: null }, 'keeper is to be a name: 2 to 20 letters'],
    [{ limits: [] }, 'limits is to be a mapping'],
    [{ limits: { rooms: 1 } }, 'there is no limits.rooms'],
    [{ limits: { players: 0 } }, 'limits.players is to be a whole number from 1 to 10000'],
    [{ limits: { players: '5' } }, 'limits.players is to be a whole number from 1 to 10000'],
    [{ limits: { idleMinutes: 1.5 } }, 'limits.idleMinutes is to be a whole number from 0 to 1440'],
    [{ masked: 'drat' }, 'masked is to be a list of up to 1000 words of 1 to 40 letters'],
    [{ masked: ['.*'] }, 'masked is to be a list of up to 1000 words of 1 to 40 letters'],
    [{ masked: ['--eval'] }, 'masked is to be a list of up to 1000 words of 1 to 40 letters'],
  ])('that is none is refused: %j', (content, why) => {
    expect(() => parse(content)).toThrow(why)
  })

  test('that is no JSON is refused', () => {
    expect(() => parseConfig('{ "keeper": ')).toThrow(/JSON/)
  })
})
