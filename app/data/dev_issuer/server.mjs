// An OIDC issuer for one machine: invented people, a token for each with one request, no passwords worth the name.
//   node server.mjs PORT   with people.json and, when it is there, keys.json beside it; keys are made once and kept.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import Provider from 'oidc-provider'

const port = Number(process.argv[2])
const issuer = `http://127.0.0.1:${port}`
const { audience, secret, people } = JSON.parse(readFileSync('people.json', 'utf8'))

if (!existsSync('keys.json')) {
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
  const keys = [{ ...jwk, kid: randomBytes(8).toString('hex'), use: 'sig', alg: 'ES256' }]
  writeFileSync('keys.json', JSON.stringify({ keys }), { mode: 0o600 })
}

const provider = new Provider(issuer, {
  jwks: JSON.parse(readFileSync('keys.json', 'utf8')),
  cookies: { keys: [randomBytes(32).toString('hex')] },
  // Each person is a client: `-u nurse:torg` is her whole login.
  clients: Object.keys(people).map((id) => ({
    client_id: id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    id_token_signed_response_alg: 'ES256',
  })),
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        scope: '',
        audience,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 8 * 3600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  extraTokenClaims: (_ctx, token) => people[token.clientId],
  ttl: { ClientCredentials: 8 * 3600 },
})

provider.use(async (ctx, next) => {
  if (ctx.path === '/jwks') console.log('keys asked for')
  await next()
})

provider.listen(port, '127.0.0.1', () => console.log('ready'))
