import { defineScript } from '@arleo/core/oauth-state/redis/lua';
import { KEPT_OPEN_PAGES, MAX_OPEN_PAGES } from '../page-rules.ts';
import { GIVEN_UP, MAX_UNUSED_REFRESH_TOKENS, REFRESH_GRACE_SECONDS } from '../refresh-rules.ts';
import {
  CONNECTING_SECONDS,
  MAX_CONNECTING_SECONDS,
  MAX_UNUSED_CLIENTS,
  UNUSED_CLIENT_SECONDS,
} from '../registration-rules.ts';

/**
 * The refresh tokens of a grant, as `lmdb/refresh-family.ts` keeps them: `unused-refresh:GRANT` has the keys of those that
 * were not used, by when they were issued.
 */
const family = `
local function giveUp(index, key)
  if redis.call('EXISTS', P .. key) == 1 then redis.call('HSET', P .. key, 'consumed', ${GIVEN_UP}) end
  redis.call('ZREM', index, key)
end
local function addToFamily(grantId, key, expires, now)
  local index = P .. 'unused-refresh:' .. grantId
  local excess = redis.call('ZCARD', index) - ${MAX_UNUSED_REFRESH_TOKENS} + 1
  if excess > 0 then
    for _, old in ipairs(redis.call('ZRANGE', index, 0, excess - 1)) do giveUp(index, old) end
  end
  redis.call('ZADD', index, now, key)
  keepAtLeast('unused-refresh:' .. grantId, expires, now)
end
local function useOfFamily(grantId, key, now)
  local consumed = tonumber(hget(key, 'consumed') or nil)
  if consumed and now / 1000 - consumed >= ${REFRESH_GRACE_SECONDS} then return false end
  local index = P .. 'unused-refresh:' .. grantId
  if not consumed then
    redis.call('HSET', P .. key, 'consumed', math.floor(now / 1000))
    redis.call('ZREM', index, key)
  end
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', now - ${REFRESH_GRACE_SECONDS * 1000})) do
    giveUp(index, other)
  end
  return true
end
`;

/** What `by-network.ts` does: the things of the network that has most; all are given with the oldest first. */
const networks = `
local function byNetwork(all)
  local networks, order = {}, {}
  for _, one in ipairs(all) do
    local own = networks[one.network]
    if not own then
      own = {}
      networks[one.network] = own
      order[#order + 1] = own
    end
    own[#own + 1] = one
  end
  return networks, order
end
local function fullest(order)
  local most = {}
  for _, own in ipairs(order) do if #own > #most then most = own end end
  return most
end
`;

/** Pages that are open, as `lmdb/open-pages.ts` keeps them: `open-pages`, by when they end. */
const pages = `
local open = P .. 'open-pages'
local function makeRoomForPage(now)
  redis.call('ZREMRANGEBYSCORE', open, '-inf', now)
  if redis.call('ZCARD', open) < ${MAX_OPEN_PAGES} then return end
  local all = {}
  for _, key in ipairs(redis.call('ZRANGE', open, 0, -1)) do
    all[#all + 1] = { key = key, network = hget(key, 'network') or '' }
  end
  local _, order = byNetwork(all)
  for _ = 1, #all - ${KEPT_OPEN_PAGES} do
    local oldest = table.remove(fullest(order), 1)
    redis.call('DEL', P .. oldest.key)
    redis.call('ZREM', open, oldest.key)
  end
end
`;

/** Registered clients that were never used, as `lmdb/registration-limit.ts` keeps them: `unused-clients`, by when they end. */
const registrations = `
local unused = P .. 'unused-clients'
local function loserOf(all, network)
  local networks, order = byNetwork(all)
  local most = fullest(order)
  if #most <= #(networks[network] or {}) + 1 then return nil end
  for _, one in ipairs(most) do
    if one.kept <= one.expires + ${(CONNECTING_SECONDS - UNUSED_CLIENT_SECONDS) * 1000} then return one end
  end
  return most[1]
end
local function makeRoom(network, now)
  redis.call('ZREMRANGEBYSCORE', unused, '-inf', now)
  local excess = redis.call('ZCARD', unused) - ${MAX_UNUSED_CLIENTS} + 1
  local idle, all, nextFree = {}, {}, nil
  if excess <= 0 then return idle, nil end
  for _, id in ipairs(redis.call('ZRANGE', unused, 0, -1)) do
    local found = redis.call('HMGET', P .. 'Client:' .. id, 'keptUntil', 'expires', 'network')
    local kept = tonumber(found[1] or '0')
    all[#all + 1] = { id = id, kept = kept, expires = tonumber(found[2] or '0'), network = found[3] or '' }
    if kept <= now then
      if #idle < excess then idle[#idle + 1] = id end
    elseif not nextFree or kept < nextFree then
      nextFree = kept
    end
  end
  if #idle >= excess then return idle, nil end
  local loser = excess == 1 and loserOf(all, network) or nil
  if loser then return { loser.id }, nil end
  return nil, nextFree
end
local function addClient(key, payload, network, idle, now)
  local expires = now + ${UNUSED_CLIENT_SECONDS * 1000}
  redis.call('HSET', P .. key, 'payload', payload, 'expires', expires, 'keptUntil', now + ${CONNECTING_SECONDS * 1000},
    'network', network)
  expireAt(key, expires, now)
  redis.call('ZADD', unused, expires, string.sub(key, 8))
  for _, id in ipairs(idle) do
    redis.call('DEL', P .. 'Client:' .. id)
    redis.call('ZREM', unused, id)
  end
end
local function keepWhileConnecting(clientId, now)
  local key = 'Client:' .. clientId
  local expires = tonumber(hget(key, 'expires') or nil)
  if not expires then return end
  local registered = expires - ${UNUSED_CLIENT_SECONDS * 1000}
  local kept = math.min(now + ${CONNECTING_SECONDS * 1000}, registered + ${MAX_CONNECTING_SECONDS * 1000})
  if kept > tonumber(hget(key, 'keptUntil') or '0') then redis.call('HSET', P .. key, 'keptUntil', kept) end
end
local function keepForGood(clientId)
  local key = P .. 'Client:' .. clientId
  redis.call('ZREM', unused, clientId)
  if redis.call('HDEL', key, 'expires', 'keptUntil', 'network') > 0 then redis.call('PERSIST', key) end
end
`;

/**
 * Stores a thing with all that goes with it. What needs memory comes first: when there is none, nothing is changed. ARGV: now, model, key, payload, expires or nothing, grant id, client id, the
 * session's uid, exp, network. Gives when there will be a place, in milliseconds since 1970, for a client for which there is none.
 */
export const putThing = defineScript<string | null>(`
${family}
${networks}
${pages}
${registrations}
local now, model, key, payload, expires = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local grantId, clientId, uid, exp, network = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
if model == 'Client' and redis.call('EXISTS', P .. key) == 0 then
  local idle, nextFree = makeRoom(network, now)
  if nextFree then return tostring(nextFree) end
  addClient(key, payload, network, idle, now)
  return nil
end
if model == 'Interaction' and redis.call('EXISTS', P .. key) == 0 then
  makeRoomForPage(now)
  redis.call('HSET', P .. key, 'network', network)
end
redis.call('HSET', P .. key, 'payload', payload, 'grantId', grantId, 'clientId', clientId)
redis.call('HDEL', P .. key, 'expires', 'keptUntil', 'consumed', 'exp')
if expires ~= '' then redis.call('HSET', P .. key, 'expires', expires) end
expireAt(key, expires, now)
if model == 'Session' and uid ~= '' then
  redis.call('SET', P .. 'session-uid:' .. uid, key)
  expireAt('session-uid:' .. uid, expires, now)
elseif model == 'Interaction' then
  keepWhileConnecting(clientId, now)
  redis.call('ZADD', open, expires == '' and '+inf' or expires, key)
  keepAtLeast('open-pages', expires, now)
elseif model == 'Grant' then
  redis.call('ZREMRANGEBYSCORE', P .. 'grants', '-inf', now)
  redis.call('ZADD', P .. 'grants', expires == '' and '+inf' or expires, string.sub(key, 7))
  keepForGood(clientId)
elseif grantId ~= '' and (model == 'RefreshToken' or model == 'AuthorizationCode' or model == 'AccessToken') then
  redis.call('SADD', P .. 'grant-member:' .. grantId, key)
  keepAtLeast('grant-member:' .. grantId, expires, now)
end
if model == 'RefreshToken' and grantId ~= '' then
  addToFamily(grantId, key, expires, now)
  local held = tonumber(hget('Grant:' .. grantId, 'expires') or nil)
  -- A grant that is gone was revoked while the token was being made: it must stay so.
  if held and expires ~= '' and held < tonumber(expires) then
    redis.call('HSET', P .. 'Grant:' .. grantId, 'expires', expires)
    if exp ~= '' then redis.call('HSET', P .. 'Grant:' .. grantId, 'exp', exp) end
    expireAt('Grant:' .. grantId, expires, now)
    redis.call('ZADD', P .. 'grants', expires, grantId)
  end
end
return nil
`);

/**
 * Notes the use of a code or refresh token. ARGV: now, model, key. Gives nothing when it may be used, else the grant, which
 * is gone then (empty if it had none).
 */
export const useThing = defineScript<string | null>(`
${family}
local now, model, key = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local grantId = hget(key, 'grantId') or ''
if redis.call('EXISTS', P .. key) == 1 then
  if model == 'RefreshToken' then
    if useOfFamily(grantId, key, now) then return nil end
  elseif not hget(key, 'consumed') then
    redis.call('HSET', P .. key, 'consumed', math.floor(now / 1000))
    return nil
  end
end
if grantId ~= '' then removeGrant(grantId) end
return grantId
`);

/** Removes a thing. ARGV: model, id, key. */
export const removeThing = defineScript<null>(`
redis.call('DEL', P .. ARGV[3])
if ARGV[1] == 'Client' then redis.call('ZREM', P .. 'unused-clients', ARGV[2]) end
if ARGV[1] == 'Interaction' then redis.call('ZREM', P .. 'open-pages', ARGV[3]) end
if ARGV[1] == 'Grant' then redis.call('ZREM', P .. 'grants', ARGV[2]) end
return nil
`);

/** Takes out a grant with all that came from it. ARGV: grant id. */
export const dropGrant = defineScript<null>('removeGrant(ARGV[1]) return nil');

/** ARGV: now, name, until when. Gives 1 to the first. */
export const claimName = defineScript<number>(`
local key = P .. 'claimed:' .. ARGV[2]
local taken = tonumber(redis.call('GET', key) or nil)
if taken and taken > tonumber(ARGV[1]) then return 0 end
redis.call('SET', key, ARGV[3], 'PX', math.max(1, tonumber(ARGV[3]) - tonumber(ARGV[1])))
return 1
`);

/** Removes the notices of a revoked grant. ARGV: grant id. */
export const removeNotice = defineScript<null>(`
local key = P .. 'revocation-notices'
for _, notice in ipairs(redis.call('LRANGE', key, 0, -1)) do
  if cjson.decode(notice).grantId == ARGV[1] then redis.call('LREM', key, 0, notice) end
end
return nil
`);
