/**
 * The cases of the public HTTP cache tests (cache-tests.fyi), told anew by their meaning, under their names there.
 * Left out are those for browsers, for CDN-Cache-Control and Surrogate-Control, and for partial responses that are put
 * together.
 */
import type { Fields } from './cache-rig.ts'

export interface Step {
  method?: string
  /** What the client sends. */
  sends?: Fields
  query?: string
  /** What the program answers, where it is asked. */
  status?: number
  answers?: Fields
  body?: string
  /** The program closes the fd. */
  fails?: true
  /** `asked`: without a validator of the cache's; `etag`, `date`: with it, and the program answers 304. */
  expect: 'cached' | 'asked' | 'etag' | 'date' | 'neither'
  /** The client gets these, and not those. */
  gets?: {
    status?: number
    headers?: Record<string, string | RegExp>
    without?: readonly string[]
    body?: string
  }
  /** Seconds that pass afterwards. */
  pause?: number
}

export interface Case {
  id: string
  /** What the list says of it: a must, what a good cache does, or a look at what caches do. */
  kind: 'must' | 'optimal' | 'check'
  steps: readonly Step[]
  /** Why the outcome is another than the case has it; absent where it is the same. */
  otherwise?: string
}

export interface Group {
  name: string
  cases: readonly Case[]
}

const cc = (value: string): [string, string] => ['Cache-Control', value]
const FRESH: Fields = [cc('max-age=3600')]
const must = 'must'
const optimal = 'optimal'
const check = 'check'

/** Stored with the fields, 3 s pass, asked again. */
function stored(
  id: string,
  kind: Case['kind'],
  answers: Fields,
  isCached: boolean,
  otherwise?: string,
): Case {
  return {
    id,
    kind,
    steps: [
      { answers, expect: 'asked', pause: 3 },
      { answers, expect: isCached ? 'cached' : 'asked' },
    ],
    ...(otherwise ? { otherwise } : {}),
  }
}

const freshness: Group = {
  name: 'Cache-Control freshness',
  cases: [
    stored('freshness-none', check, [], false),
    stored('freshness-max-age', optimal, FRESH, true),
    stored('freshness-max-age-stale', must, [cc('max-age=2')], false),
    stored('freshness-max-age-0', must, [cc('max-age=0')], false),
    stored('freshness-max-age-max', optimal, [cc('max-age=2147483648')], true),
    stored('freshness-max-age-max-plus', optimal, [cc('max-age=99999999999')], true),
    stored('freshness-max-age-age', must, [['Date', 0], cc('max-age=10'), ['Age', '15']], false),
    stored('freshness-max-age-date', must, [['Date', -20], cc('max-age=10')], false),
    stored(
      'freshness-max-age-expires',
      optimal,
      [cc('max-age=3600'), ['Expires', -10_000], ['Date', 0]],
      true,
    ),
    stored(
      'freshness-max-age-expires-invalid',
      optimal,
      [cc('max-age=3600'), ['Expires', '0'], ['Date', 0]],
      true,
    ),
    stored('freshness-max-age-0-expires', must, [['Expires', 10_000], cc('max-age=0'), ['Date', 0]], false),
    stored('freshness-max-age-extension', optimal, [cc('foobar, max-age=3600')], true),
    stored('freshness-max-age-case-insenstive', optimal, [cc('MaX-aGe=3600')], true),
    stored('freshness-max-age-negative', must, [cc('max-age=-3600')], false),
    stored('freshness-s-maxage-shared', optimal, [cc('s-maxage=3600')], true),
    stored('freshness-max-age-s-maxage-shared-longer', must, [cc('max-age=3600, s-maxage=1')], false),
    stored(
      'freshness-max-age-s-maxage-shared-longer-reversed',
      must,
      [cc('s-maxage=1, max-age=3600')],
      false,
    ),
    stored(
      'freshness-max-age-s-maxage-shared-longer-multiple',
      must,
      [cc('max-age=3600'), cc('s-maxage=1')],
      false,
    ),
    stored('freshness-max-age-s-maxage-shared-shorter', optimal, [cc('max-age=1, s-maxage=3600')], true),
    stored(
      'freshness-max-age-s-maxage-shared-shorter-expires',
      optimal,
      [cc('max-age=1, s-maxage=3600'), ['Expires', -10]],
      true,
    ),
  ],
}

const STRICT = 'of two values the stricter holds'
const parsing: Group = {
  name: 'Cache-Control parsing',
  cases: [
    stored(
      'freshness-max-age-two-fresh-stale-sameline',
      check,
      [cc('max-age=1800, max-age=1')],
      false,
      STRICT,
    ),
    stored(
      'freshness-max-age-two-fresh-stale-sepline',
      check,
      [cc('max-age=1800'), cc('max-age=1')],
      false,
      STRICT,
    ),
    stored(
      'freshness-max-age-two-stale-fresh-sameline',
      check,
      [cc('max-age=1, max-age=1800')],
      false,
      STRICT,
    ),
    stored(
      'freshness-max-age-two-stale-fresh-sepline',
      check,
      [cc('max-age=1'), cc('max-age=1800')],
      false,
      STRICT,
    ),
    stored('freshness-max-age-ignore-quoted', must, [cc('extension="max-age=3600", max-age=1')], false),
    stored('freshness-max-age-ignore-quoted-rev', must, [cc('max-age=1, extension="max-age=3600"')], false),
    stored('freshness-max-age-quoted', check, [cc('max-age="3600"')], true),
    stored('freshness-max-age-space-before-equals', check, [cc('max-age =3600')], false),
    stored('freshness-max-age-space-after-equals', check, [cc('max-age= 3600')], false),
    stored('freshness-max-age-leading-zero', optimal, [cc('max-age=003600')], true),
    stored('freshness-max-age-single-quoted', must, [cc("max-age='3600'")], false),
    stored(
      'freshness-max-age-decimal-zero',
      check,
      [cc('max-age=3600.0')],
      false,
      'what is no integer is stale',
    ),
    stored(
      'freshness-max-age-decimal-five',
      check,
      [cc('max-age=3600.5')],
      false,
      'what is no integer is stale',
    ),
    stored('freshness-max-age-a100', check, [cc('max-age=a3600')], false, 'what is no integer is stale'),
    stored('freshness-max-age-100a', check, [cc('max-age=3600a')], false, 'what is no integer is stale'),
  ],
}

const expires = (
  id: string,
  kind: Case['kind'],
  value: string | number,
  isCached: boolean,
  otherwise?: string,
) =>
  stored(
    `freshness-expires-${id}`,
    kind,
    [
      ['Expires', value],
      ['Date', 0],
    ],
    isCached,
    otherwise,
  )
const NO_DATE = 'what is no date is past'
const expiresGroup: Group = {
  name: 'Expires',
  cases: [
    expires('future', optimal, 30 * 24 * 3600, true),
    expires('past', must, -30 * 24 * 3600, false),
    expires('present', must, 0, false),
    stored(
      'freshness-expires-old-date',
      must,
      [
        ['Expires', 300],
        ['Date', 400],
      ],
      false,
    ),
    expires('invalid', must, '0', false),
    stored(
      'freshness-expires-invalid-date',
      optimal,
      [
        ['Date', 'foo'],
        ['Expires', 10],
      ],
      true,
    ),
    stored(
      'freshness-expires-age-slow-date',
      must,
      [
        ['Date', -10],
        ['Expires', 10],
        ['Age', '25'],
      ],
      false,
    ),
    stored(
      'freshness-expires-age-fast-date',
      must,
      [
        ['Date', 10],
        ['Expires', 20],
        ['Age', '15'],
      ],
      false,
    ),
    expires('ansi-c', check, 'Thu Aug 18 02:01:18 2050', true),
    expires('rfc850', check, 'Thursday, 18-Aug-50 02:01:18 GMT', true),
    expires('wrong-case-weekday', check, 'THU, 18 Aug 2050 02:01:18 GMT', true),
    expires('wrong-case-month', check, 'Thu, 18 AUG 2050 02:01:18 GMT', true),
    expires('wrong-case-tz', check, 'Thu, 18 Aug 2050 02:01:18 gMT', true),
    expires('invalid-utc', check, 'Thu, 18 Aug 2050 02:01:18 UTC', false, NO_DATE),
    expires('invalid-2-digit-year', check, 'Thu, 18 Aug 50 02:01:18 GMT', false, NO_DATE),
    expires('invalid-no-comma', check, 'Thu 18 Aug 2050 02:01:18 GMT', false, NO_DATE),
    expires('invalid-multiple-spaces', check, 'Thu, 18  Aug  2050 02:01:18 GMT', false, NO_DATE),
    expires('invalid-date-dashes', check, 'Thu, 18-Aug-2050 02:01:18 GMT', false, NO_DATE),
    expires('invalid-time-periods', check, 'Thu, 18 Aug 2050 02.01.18 GMT', false, NO_DATE),
    expires('invalid-1-digit-hour', check, 'Thu, 18 Aug 2050 2:01:18 GMT', false, NO_DATE),
  ],
}

const age = (id: string, value: readonly string[], isCached: boolean, otherwise?: string) =>
  stored(
    `age-parse-${id}`,
    check,
    [['Date', 0], cc('max-age=3600'), ...value.map((text): [string, string] => ['Age', text])],
    isCached,
    otherwise,
  )
const FIRST_AGE = 'the first value of an Age holds'
const ageGroup: Group = {
  name: 'Age parsing',
  cases: [
    age('nonnumeric', ['abc'], true),
    age('negative', ['-7200'], true),
    age('float', ['7200.0'], true),
    age('suffix', ['7200,0'], false, FIRST_AGE),
    age('suffix-twoline', ['7200', '0'], false, FIRST_AGE),
    age('prefix', ['0,7200'], true),
    age('prefix-twoline', ['0', '7200'], true),
    age('dup-0', ['0, 0'], true),
    age('dup-0-twoline', ['0', '0'], true),
    age('dup-old', ['7200, 7200'], false, FIRST_AGE),
    age('dup-old-twoline', ['7200', '7200'], false, FIRST_AGE),
  ],
}

const NO_FAILURES = 'a failure is kept only where it says how long it holds'
const heuristic = (status: number, isCached: boolean, extra: Fields = [], otherwise?: string): Case => ({
  id: `heuristic-${status}-${isCached || otherwise ? 'cached' : 'not_cached'}`,
  kind: isCached || otherwise ? optimal : must,
  steps: [
    { status, answers: [['Last-Modified', -86_400], ['Date', 0], ...extra], expect: 'asked' },
    { status, answers: [], expect: isCached ? 'cached' : 'asked' },
  ],
  ...(otherwise ? { otherwise } : {}),
})
const heuristics: Group = {
  name: 'Heuristic freshness (here CACHE_TTL)',
  cases: [
    heuristic(200, true),
    heuristic(201, false),
    heuristic(202, false),
    heuristic(203, true),
    heuristic(204, true),
    heuristic(403, false),
    heuristic(404, false, [], NO_FAILURES),
    heuristic(405, false, [], NO_FAILURES),
    heuristic(410, true),
    heuristic(414, false, [], NO_FAILURES),
    heuristic(501, false, [], NO_FAILURES),
    heuristic(502, false),
    heuristic(503, false),
    heuristic(504, false),
    heuristic(599, false),
    { ...heuristic(599, true, [cc('public')]), id: 'heuristic-599-cached' },
  ],
}

const statuses = [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599]
const status: Group = {
  name: 'Status codes with explicit freshness',
  cases: statuses.flatMap((code): Case[] => [
    {
      id: `status-${code}-fresh`,
      kind: optimal,
      steps: [
        { status: code, answers: FRESH, expect: 'asked' },
        { status: code, expect: 'cached', gets: { status: code } },
      ],
    },
    {
      id: `status-${code}-stale`,
      kind: must,
      steps: [
        { status: code, answers: [cc('max-age=2')], expect: 'asked', pause: 3 },
        { status: code, expect: 'asked', gets: { status: code } },
      ],
    },
  ]),
}

const OLD: Fields = [cc('max-age=10000'), ['Expires', 10_000], ['Date', 0]]
const response: Group = {
  name: 'Cache-Control response directives',
  cases: [
    stored('cc-resp-private-shared', must, [cc('private, max-age=3600')], false),
    stored('cc-resp-no-store', must, [cc('no-store')], false),
    stored('cc-resp-no-store-case-insensitive', must, [cc('No-StOrE')], false),
    stored(
      'cc-resp-no-store-fresh',
      must,
      [cc('max-age=10000, no-store'), ['Expires', 10_000], ['Date', 0]],
      false,
    ),
    stored(
      'cc-resp-no-cache',
      must,
      [cc('max-age=10000, no-cache'), ['Expires', 10_000], ['Date', 0]],
      false,
    ),
    stored('cc-resp-no-cache-case-insensitive', must, [cc('max-age=10000, No-CaChE')], false),
    {
      id: 'cc-resp-no-cache-revalidate',
      kind: optimal,
      steps: [{ answers: [cc('no-cache'), ['ETag', '"abcd"']], expect: 'asked' }, { expect: 'etag' }],
    },
    {
      id: 'cc-resp-no-cache-revalidate-fresh',
      kind: optimal,
      steps: [
        { answers: [cc('max-age=10000, no-cache'), ['ETag', '"abcd"']], expect: 'asked' },
        { expect: 'etag' },
      ],
    },
    {
      id: 'headers-omit-headers-listed-in-Cache-Control-no-cache-single',
      kind: check,
      steps: [
        { answers: [cc('no-cache="a"'), ['a', '1'], ['b', '2'], cc('max-age=3600')], expect: 'asked' },
        { expect: 'cached', gets: { headers: { b: '2' }, without: ['a'] } },
      ],
    },
    {
      id: 'headers-omit-headers-listed-in-Cache-Control-no-cache',
      kind: check,
      steps: [
        {
          answers: [cc('no-cache="a, b"'), ['a', '1'], ['b', '2'], ['c', '3'], cc('max-age=3600')],
          expect: 'asked',
        },
        { expect: 'cached', gets: { headers: { c: '3' }, without: ['a', 'b'] } },
      ],
    },
    stored(
      'cc-resp-must-revalidate-fresh',
      optimal,
      [cc('max-age=10000, must-revalidate'), ['ETag', '"a"']],
      true,
    ),
    {
      id: 'cc-resp-must-revalidate-stale',
      kind: must,
      steps: [
        { answers: [cc('max-age=2, must-revalidate'), ['ETag', '"abcd"']], expect: 'asked' },
        { expect: 'cached', pause: 3 },
        { expect: 'etag' },
      ],
    },
    {
      id: 'cc-resp-no-store-old-new',
      kind: check,
      steps: [
        { answers: [...OLD, ['A', '1']], expect: 'asked', pause: 3 },
        { expect: 'cached', gets: { headers: { a: '1' } } },
      ],
    },
  ],
}

const wish = (
  id: string,
  value: string,
  expect: Step['expect'],
  answers: Fields = FRESH,
  pause = 3,
): Case => ({
  id: `ccreq-${id}`,
  kind: check,
  steps: [
    { answers, expect: 'asked', pause },
    { sends: [cc(value)], answers, expect },
  ],
})
const request: Group = {
  name: 'Cache-Control request directives',
  cases: [
    wish('ma0', 'max-age=0', 'etag'),
    wish('ma1', 'max-age=1', 'etag'),
    wish('magreaterage', 'max-age=600', 'etag', [cc('max-age=3600'), ['Age', '1800']]),
    wish('max-stale', 'max-stale=1000', 'cached', [cc('max-age=1')]),
    wish('max-stale-age', 'max-stale=1000', 'cached', [cc('max-age=1500'), ['Age', '2000']]),
    wish('min-fresh', 'min-fresh=2000', 'etag', [cc('max-age=1500')]),
    wish('min-fresh-age', 'min-fresh=1000', 'etag', [cc('max-age=1500'), ['Age', '1000']]),
    wish('no-cache', 'no-cache', 'etag'),
    wish('no-cache-lm', 'no-cache', 'date', [cc('max-age=3600'), ['Last-Modified', -10_000], ['Date', 0]]),
    wish('no-cache-etag', 'no-cache', 'etag', [cc('max-age=3600'), ['ETag', '"abc"']]),
    {
      ...wish('no-store', 'no-store', 'cached'),
      otherwise: 'it forbids to store the answer, not to use what is stored (RFC 9111 section 5.2.1.5)',
    },
    {
      id: 'ccreq-oic',
      kind: check,
      steps: [{ sends: [cc('only-if-cached')], expect: 'cached', gets: { status: 504 } }],
    },
  ],
}

const pragma: Group = {
  name: 'Pragma',
  cases: [
    {
      id: 'pragma-request-no-cache',
      kind: check,
      steps: [
        { answers: FRESH, expect: 'asked' },
        { sends: [['Pragma', 'no-cache']], expect: 'etag' },
      ],
      otherwise: 'it means no-cache in a request without a Cache-Control (RFC 9111 section 5.4)',
    },
    {
      id: 'pragma-request-extension',
      kind: check,
      steps: [
        { answers: FRESH, expect: 'asked' },
        { sends: [['Pragma', 'unrecognised-extension']], expect: 'cached' },
      ],
    },
    stored('pragma-response-no-cache', check, [cc('max-age=3600'), ['Pragma', 'no-cache']], true),
    stored(
      'pragma-response-extension',
      check,
      [cc('max-age=3600'), ['Pragma', 'unrecognised-extension']],
      true,
    ),
  ],
}

const varied = (
  id: string,
  kind: Case['kind'],
  vary: string,
  first: Fields,
  second: Fields,
  isCached: boolean,
  otherwise?: string,
): Case => ({
  id,
  kind,
  steps: [
    { sends: first, answers: [...FRESH, ['Vary', vary]], expect: 'asked' },
    { sends: second, expect: isCached ? 'cached' : 'asked' },
  ],
  ...(otherwise ? { otherwise } : {}),
})
const THREE: Fields = [
  ['Foo', '1'],
  ['Bar', 'abc'],
  ['Baz', '789'],
]
const vary: Group = {
  name: 'Vary',
  cases: [
    varied('vary-match', optimal, 'Foo', [['Foo', '1']], [['Foo', '1']], true),
    varied('vary-no-match', must, 'Foo', [['Foo', '1']], [['Foo', '2']], false),
    varied('vary-omit', must, 'Foo', [['Foo', '1']], [], false),
    varied('vary-omit-stored', must, 'Foo', [], [['Foo', '1']], false),
    {
      id: 'vary-invalidate',
      kind: optimal,
      steps: [
        { sends: [['Foo', '1']], answers: [...FRESH, ['Vary', 'Foo']], body: 'foo_1', expect: 'asked' },
        { sends: [['Foo', '2']], answers: [...FRESH, ['Vary', 'Foo']], body: 'foo_2', expect: 'asked' },
        { sends: [['Foo', '1']], expect: 'cached', gets: { body: 'foo_1' } },
      ],
    },
    varied(
      'vary-cache-key',
      optimal,
      'Foo',
      [
        ['Foo', '1'],
        ['Other', '2'],
      ],
      [
        ['Foo', '1'],
        ['Other', '3'],
      ],
      true,
    ),
    varied('vary-2-match', optimal, 'Foo, Bar', THREE, THREE, true),
    varied(
      'vary-2-no-match',
      must,
      'Foo, Bar',
      THREE,
      [
        ['Foo', '2'],
        ['Bar', 'abc'],
      ],
      false,
    ),
    varied('vary-2-match-omit', must, 'Foo, Bar', THREE, [['Foo', '1']], false),
    varied('vary-3-match', optimal, 'Foo, Bar, Baz', THREE, THREE, true),
    varied('vary-3-no-match', must, 'Foo, Bar, Baz', THREE, [['Foo', '2'], ...THREE.slice(1)], false),
    varied('vary-3-order', optimal, 'Foo, Bar, Baz', THREE, THREE.toReversed(), true),
    varied(
      'vary-3-omit',
      optimal,
      'Foo, Bar, Baz',
      [
        ['Foo', '1'],
        ['Baz', '789'],
      ],
      [
        ['Foo', '1'],
        ['Baz', '789'],
      ],
      true,
    ),
    varied('vary-star', must, '*', [['Foo', '1']], [['Foo', '1']], false),
    varied('vary-normalise-space', optimal, 'Foo', [['Foo', '1,2']], [['Foo', ' 1, 2 ']], true),
    varied(
      'vary-normalise-combine',
      optimal,
      'Foo',
      [['Foo', '1, 2']],
      [
        ['Foo', '1'],
        ['Foo', '2'],
      ],
      true,
    ),
    varied(
      'vary-normalise-lang-order',
      check,
      'Accept-Language',
      [['Accept-Language', 'en, de']],
      [['Accept-Language', 'de, en']],
      false,
      'the order of a list may mean something',
    ),
    ...['*', '*, *', ', *', '*, Foo', 'Foo, *'].map((value, index) =>
      varied(`vary-syntax-${index + 1}`, must, value, [['Foo', '1']], [['Foo', '1']], false),
    ),
  ],
}

const TAGGED: Fields = [...FRESH, ['ETag', '"abcdef"']]
const asks = (
  id: string,
  kind: Case['kind'],
  answers: Fields,
  sends: Fields,
  gets: Step['gets'],
  otherwise?: string,
): Case => ({
  id,
  kind,
  steps: [
    { answers, expect: 'asked' },
    { sends, expect: 'cached', gets: gets! },
  ],
  ...(otherwise ? { otherwise } : {}),
})
const tag = (value: string): Fields => [['If-None-Match', value]]
const conditional: Group = {
  name: 'Conditional requests',
  cases: [
    asks('conditional-etag-strong-respond', optimal, TAGGED, tag('"abcdef"'), { status: 304 }),
    asks('conditional-304-etag', must, TAGGED, tag('"abcdef"'), {
      status: 304,
      headers: { etag: '"abcdef"' },
    }),
    asks(
      'conditional-etag-precedence',
      must,
      [...TAGGED, ['Last-Modified', -5000]],
      [...tag('"other"'), ['If-Modified-Since', -1]],
      { status: 200 },
    ),
    asks(
      'conditional-etag-strong-respond-obs-text',
      check,
      [...FRESH, ['ETag', '"abcdef\u00fc"']],
      tag('"abcdef\u00fc"'),
      {
        status: 304,
      },
    ),
    asks(
      'conditional-etag-quoted-respond-unquoted',
      check,
      TAGGED,
      tag('abcdef'),
      { status: 200 },
      'what is no entity tag matches none',
    ),
    asks('conditional-etag-unquoted-respond-unquoted', check, [...FRESH, ['ETag', 'abcdef']], tag('abcdef'), {
      status: 304,
    }),
    asks(
      'conditional-etag-unquoted-respond-quoted',
      check,
      [...FRESH, ['ETag', 'abcdef']],
      tag('"abcdef"'),
      { status: 200 },
      'what is no entity tag matches none',
    ),
    asks('conditional-etag-weak-respond', optimal, [...FRESH, ['ETag', 'W/"abcdef"']], tag('W/"abcdef"'), {
      status: 304,
    }),
    asks('conditional-etag-strong-respond-multiple-first', optimal, TAGGED, tag('"abcdef", "1234", "5678"'), {
      status: 304,
    }),
    asks(
      'conditional-etag-strong-respond-multiple-second',
      optimal,
      TAGGED,
      tag('"1234", "abcdef", "5678"'),
      {
        status: 304,
      },
    ),
    asks('conditional-etag-strong-respond-multiple-last', optimal, TAGGED, tag('"1234", "5678", "abcdef"'), {
      status: 304,
    }),
    {
      id: 'conditional-etag-vary-headers-mismatch',
      kind: check,
      steps: [
        { sends: [['Abc', '123']], answers: [...TAGGED, ['Vary', 'Abc']], expect: 'asked' },
        { sends: [['Abc', '456']], expect: 'asked' },
      ],
    },
    {
      id: 'conditional-etag-strong-generate',
      kind: optimal,
      steps: [
        { answers: [cc('max-age=2'), ['ETag', '"abcdef"']], expect: 'asked', pause: 3 },
        { expect: 'etag' },
      ],
    },
    {
      id: 'conditional-etag-weak-generate-weak',
      kind: optimal,
      steps: [
        { answers: [cc('max-age=2'), ['ETag', 'W/"abcdef"']], expect: 'asked', pause: 3 },
        { expect: 'etag' },
      ],
    },
    {
      id: 'conditional-etag-forward',
      kind: check,
      steps: [{ sends: tag('"abcdef"'), expect: 'neither' }],
      otherwise: 'the condition is answered by the cache, which asks for something that it can store',
    },
    asks(
      'conditional-lm-fresh',
      optimal,
      [...FRESH, ['Last-Modified', -3000], ['Date', 0]],
      [['If-Modified-Since', -3000]],
      { status: 304 },
    ),
    asks(
      'conditional-lm-fresh-earlier',
      optimal,
      [...FRESH, ['Last-Modified', -3000], ['Date', 0]],
      [['If-Modified-Since', -2000]],
      { status: 304 },
    ),
    asks('conditional-lm-fresh-no-lm', optimal, [...FRESH, ['Date', -3000]], [['If-Modified-Since', -2000]], {
      status: 304,
    }),
    asks(
      'conditional-lm-fresh-rfc850',
      optimal,
      [...FRESH, ['Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT']],
      [['If-Modified-Since', 'Sunday, 06-Nov-94 08:49:37 GMT']],
      { status: 304 },
    ),
    {
      id: 'conditional-lm-stale',
      kind: optimal,
      steps: [
        { answers: [cc('max-age=2'), ['Last-Modified', -3000], ['Date', 0]], expect: 'asked', pause: 3 },
        { sends: [['If-Modified-Since', -2900]], expect: 'date', gets: { status: 304 } },
      ],
    },
  ],
}

const HOP = [
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authentication-Info',
  'Proxy-Authorization',
  'Proxy-Connection',
  'TE',
  'Upgrade',
]
const END_TO_END = [
  'Test-Header',
  'X-Test-Header',
  'Content-Foo',
  'Content-Security-Policy',
  'X-Frame-Options',
  'Clear-Site-Data',
  'Public-Key-Pins',
  'Strict-Transport-Security',
  'WWW-Authenticate',
]
const headers: Group = {
  name: 'Storing header fields',
  cases: [
    ...END_TO_END.map(name => ({
      ...asks(`headers-store-${name}`, must, [...FRESH, [name, 'a']], [], {
        headers: { [name.toLowerCase()]: 'a' },
      }),
    })),
    ...HOP.map(name =>
      asks(`headers-store-${name}`, must, [...FRESH, [name, 'a']], [], { without: HOPS_SENT(name) }),
    ),
    asks(
      'headers-omit-headers-listed-in-Connection',
      must,
      [...FRESH, ['Connection', 'a, b'], ['a', '1'], ['b', '2'], ['c', '3']],
      [],
      { headers: { c: '3' }, without: ['a', 'b'] },
    ),
    {
      ...stored('headers-store-Set-Cookie', check, [...FRESH, ['Set-Cookie', 'a=b']], false),
      otherwise: "a cookie is one client's: such a response is not stored",
    },
  ],
}

/** Node sends a Keep-Alive of its own. */
function HOPS_SENT(name: string): string[] {
  return name === 'Keep-Alive' ? [] : [name.toLowerCase()]
}

const update = (name: string, a: string, b: string, by: 'etag' | 'date'): Case => ({
  id: `304-${by === 'etag' ? 'etag' : 'lm'}-update-stored-${name}`,
  kind: must,
  steps: [
    {
      answers: [cc('max-age=1'), by === 'etag' ? ['ETag', '"1"'] : ['Last-Modified', '1'], [name, a]].map(
        ([field, value]) => [field!, field === 'Last-Modified' ? 'Sun, 06 Nov 1994 08:49:37 GMT' : value!],
      ),
      expect: 'asked',
      pause: 3,
    },
    {
      answers: [cc('max-age=3600'), [name, b]],
      expect: by,
      gets: { status: 200, headers: { [name.toLowerCase()]: b } },
      pause: 3,
    },
    { expect: 'cached', gets: { headers: { [name.toLowerCase()]: b } } },
  ],
})
const UPDATED: readonly [string, string, string][] = [
  ['Test-Header', 'a', 'b'],
  ['X-Test-Header', 'a', 'b'],
  ['Content-Foo', 'a', 'b'],
  ['Content-Type', 'text/plain', 'text/plain;charset=utf-8'],
  ['Content-Location', '/foo', '/bar'],
  ['Content-Security-Policy', "default-src 'self'", "default-src 'self' cdn.example.com"],
  ['X-Frame-Options', 'deny', 'sameorigin'],
]
const update304: Group = {
  name: 'Update by a 304',
  cases: [
    ...UPDATED.flatMap(([name, a, b]) => [update(name, a, b, 'etag'), update(name, a, b, 'date')]),
    {
      id: '304-lm-use-stored-Test-Header',
      kind: must,
      steps: [
        {
          answers: [cc('max-age=1'), ['Last-Modified', -86_400], ['Date', 0], ['Test-Header', 'A']],
          expect: 'asked',
          pause: 3,
        },
        {
          answers: [cc('max-age=3600')],
          expect: 'date',
          gets: { status: 200, headers: { 'test-header': 'A' } },
        },
      ],
    },
  ],
}

const invalidating = (method: string): Case[] => [
  {
    id: `invalidate-${method}`,
    kind: must,
    steps: [
      { answers: FRESH, expect: 'asked' },
      { method, expect: 'asked' },
      { answers: FRESH, expect: 'asked' },
    ],
  },
  {
    id: `invalidate-${method}-failed`,
    kind: optimal,
    steps: [
      { answers: FRESH, expect: 'asked' },
      { method, status: 500, expect: 'asked' },
      { expect: 'cached' },
    ],
  },
  ...(['Location', 'Content-Location'] as const).map(
    (field): Case => ({
      id: `invalidate-${method}-${field === 'Location' ? 'location' : 'cl'}`,
      kind: must,
      steps: [
        { query: 'other', answers: FRESH, expect: 'asked' },
        { method, answers: [[field, '/?other']], expect: 'asked' },
        { query: 'other', answers: FRESH, expect: 'asked' },
      ],
    }),
  ),
]
const invalidation: Group = {
  name: 'Invalidation',
  cases: ['POST', 'PUT', 'DELETE', 'M-SEARCH'].flatMap(invalidating),
}

const authorized = (id: string, kind: Case['kind'], directives: string, isCached: boolean): Case => ({
  id,
  kind,
  steps: [
    { sends: [['Authorization', 'FOO']], answers: [cc(directives)], expect: 'asked' },
    { expect: isCached ? 'cached' : 'asked' },
  ],
})
const other: Group = {
  name: 'Credentials, methods, Age and Date',
  cases: [
    authorized('other-authorization', must, 'max-age=3600', false),
    authorized('other-authorization-public', optimal, 'max-age=3600, public', true),
    authorized('other-authorization-must-revalidate', optimal, 'max-age=3600, must-revalidate', true),
    authorized('other-authorization-smaxage', optimal, 's-maxage=3600', true),
    {
      id: 'other-cookie',
      kind: optimal,
      steps: [
        { answers: FRESH, expect: 'asked' },
        { sends: [['Cookie', 'a=b']], expect: 'cached' },
      ],
    },
    {
      ...stored('other-set-cookie', optimal, [...FRESH, ['Set-Cookie', 'a=b']], false),
      otherwise: "a cookie is one client's: such a response is not stored",
    },
    stored(
      'other-fresh-content-disposition-attachment',
      check,
      [...FRESH, ['Content-Disposition', 'attachment']],
      true,
    ),
    {
      id: 'method-POST',
      kind: optimal,
      steps: [
        { method: 'POST', answers: [...FRESH, ['Content-Location', '/']], expect: 'asked', pause: 3 },
        { expect: 'cached' },
      ],
    },
    {
      id: 'query-args-different',
      kind: must,
      steps: [
        { query: 'a=1', answers: FRESH, expect: 'asked' },
        { query: 'a=2', answers: FRESH, expect: 'asked' },
      ],
    },
    {
      id: 'query-args-same',
      kind: optimal,
      steps: [
        { query: 'a=1', answers: FRESH, expect: 'asked' },
        { query: 'a=1', expect: 'cached' },
      ],
    },
    {
      id: 'other-age-gen',
      kind: must,
      steps: [
        {
          answers: [
            ['Expires', 86_400],
            ['Date', 0],
          ],
          expect: 'asked',
          pause: 3,
        },
        { expect: 'cached', gets: { headers: { age: '3' } } },
      ],
    },
    {
      id: 'other-age-update-expires',
      kind: must,
      steps: [
        {
          answers: [
            ['Expires', 86_400],
            ['Date', 0],
            ['Age', '30'],
          ],
          expect: 'asked',
          pause: 3,
        },
        { expect: 'cached', gets: { headers: { age: '33' } } },
      ],
    },
    {
      id: 'other-age-update-max-age',
      kind: must,
      steps: [
        { answers: [cc('max-age=600'), ['Age', '30']], expect: 'asked', pause: 3 },
        { expect: 'cached', gets: { headers: { age: '33' } } },
      ],
    },
    {
      id: 'other-date-update',
      kind: must,
      steps: [
        {
          answers: [
            ['Expires', 86_400],
            ['Date', 'Tue, 14 Nov 2023 22:13:20 GMT'],
          ],
          expect: 'asked',
          pause: 3,
        },
        { expect: 'cached', gets: { headers: { date: 'Tue, 14 Nov 2023 22:13:20 GMT' } } },
      ],
    },
    {
      id: 'head-200-freshness-update',
      kind: check,
      steps: [
        { answers: [cc('max-age=2'), ['ETag', '"1"']], expect: 'asked', pause: 3 },
        { method: 'HEAD', answers: [cc('max-age=1000'), ['ETag', '"1"']], body: '', expect: 'neither' },
        { expect: 'cached' },
      ],
    },
    {
      id: 'head-410-update',
      kind: check,
      steps: [
        { answers: [cc('max-age=2'), ['ETag', '"1"']], expect: 'asked', pause: 3 },
        { method: 'HEAD', status: 410, answers: [cc('max-age=1000')], body: '', expect: 'neither' },
        { expect: 'etag' },
      ],
      otherwise: 'a HEAD that fails says nothing of what a GET was answered with',
    },
  ],
}

const stale: Group = {
  name: 'Stale responses',
  cases: [
    {
      id: 'stale-while-revalidate',
      kind: optimal,
      steps: [
        {
          answers: [cc('max-age=1, stale-while-revalidate=3600'), ['ETag', '"abc"']],
          expect: 'asked',
          pause: 3,
        },
        {
          answers: [cc('max-age=3600'), ['ETag', '"def"']],
          expect: 'etag',
          gets: { headers: { etag: '"abc"' } },
        },
      ],
    },
    {
      id: 'stale-if-error-cc-response',
      kind: check,
      steps: [
        { answers: [cc('max-age=1, stale-if-error=3600')], expect: 'asked', pause: 3 },
        { status: 500, expect: 'asked', gets: { status: 200 } },
      ],
    },
    {
      id: 'stale-if-error-cc-response-expired',
      kind: must,
      steps: [
        { answers: [cc('max-age=1, stale-if-error=1')], expect: 'asked', pause: 3 },
        { status: 500, expect: 'asked', gets: { status: 500 } },
      ],
    },
    {
      id: 'stale-if-error-cc-request',
      kind: check,
      steps: [
        { answers: [cc('max-age=1')], expect: 'asked', pause: 3 },
        { sends: [cc('stale-if-error=3600')], status: 500, expect: 'asked', gets: { status: 200 } },
      ],
    },
    {
      id: 'stale-if-error-cc-request-expired',
      kind: must,
      steps: [
        { answers: [cc('max-age=1')], expect: 'asked', pause: 3 },
        { sends: [cc('stale-if-error=1')], status: 500, expect: 'asked', gets: { status: 500 } },
      ],
    },
    {
      id: 'stale-sie-close',
      kind: check,
      steps: [
        { answers: [cc('max-age=2, stale-if-error=60')], expect: 'asked', pause: 3 },
        { fails: true, expect: 'asked', gets: { status: 200 } },
      ],
    },
    {
      id: 'stale-close',
      kind: check,
      steps: [
        { answers: [cc('max-age=2')], expect: 'asked', pause: 3 },
        { fails: true, expect: 'asked', gets: { status: 500 } },
      ],
      otherwise: 'nobody said that stale is better than a failure',
    },
    {
      id: 'stale-503',
      kind: check,
      steps: [
        { answers: [cc('max-age=2')], expect: 'asked', pause: 3 },
        { status: 503, expect: 'asked', gets: { status: 503 } },
      ],
      otherwise: 'nobody said that stale is better than a failure',
    },
    ...['must-revalidate', 'proxy-revalidate', 'no-cache', 's-maxage=2'].map(
      (directive): Case => ({
        id: `stale-close-${directive}`,
        kind: must,
        steps: [
          { answers: [cc(`max-age=2, ${directive}`)], expect: 'asked', pause: 3 },
          { fails: true, expect: 'asked', gets: { status: 500 } },
        ],
      }),
    ),
  ],
}

const range = (id: string, sends: string, body: string): Case => ({
  id: `partial-store-complete-reuse-partial${id}`,
  kind: optimal,
  steps: [
    { answers: FRESH, body: '0123456789A', expect: 'asked' },
    { sends: [['Range', sends]], expect: 'cached', gets: { status: 206, body } },
  ],
})
const partial: Group = {
  name: 'Parts',
  cases: [
    range('', 'bytes=0-1', '01'),
    range('-no-last', 'bytes=1-', '123456789A'),
    range('-suffix', 'bytes=-1', 'A'),
    {
      id: 'partial-store-partial-reuse-partial',
      kind: optimal,
      steps: [
        { sends: [['Range', 'bytes=-5']], status: 206, answers: FRESH, body: '01234', expect: 'asked' },
        { sends: [['Range', 'bytes=-5']], status: 206, answers: FRESH, body: '01234', expect: 'asked' },
      ],
      otherwise: 'parts are not stored: what is asked in parts is stored when it is asked for as a whole',
    },
  ],
}

export const GROUPS: readonly Group[] = [
  freshness,
  parsing,
  expiresGroup,
  ageGroup,
  heuristics,
  status,
  response,
  request,
  pragma,
  vary,
  conditional,
  headers,
  update304,
  invalidation,
  other,
  stale,
  partial,
]
