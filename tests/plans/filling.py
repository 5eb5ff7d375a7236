"""A PostgreSQL database as that of a node with many neighbours: rows enough that its planner thinks of them as many.

Nothing of it is due, so that the node beside it lives as if it were not there.
"""

import psycopg

MANY = 4_000
ONE_ROW = {"coalition", "schema_version"}
_EACH = f"generate_series(1, {MANY}) AS n"
_NEVER = "4000000000000"  # ms: in a century
_HOST = "'h' || n || '.example'"
_ACTOR = f"'https://' || {_HOST} || '/practices/p'"
_FILL = f"""
INSERT INTO peer(host, form, due) SELECT {_HOST}, 'native', CASE WHEN n % 4 = 0 THEN {_NEVER} + n END FROM {_EACH};
INSERT INTO actor(id, host, local, type, name, handle, inbox, sequence, proof, native, fetched, raw)
SELECT {_ACTOR}, {_HOST}, CASE WHEN n % 40 = 0 THEN 1 ELSE 0 END, 'Group', 'zz' || n, 'p' || n, {_ACTOR} || '/inbox',
  1, 1, 1, 1, ''
FROM {_EACH};
INSERT INTO actor_key(id, actor, kind, public, valid_from)
SELECT {_ACTOR} || '#' || k, {_ACTOR}, CASE k WHEN 1 THEN 'ed25519' ELSE 'rsa' END, '', 1
FROM {_EACH}, generate_series(1, 2) AS k;
INSERT INTO held_set(name, owner, audience, local, epoch, updated, pull_at)
SELECT {_ACTOR} || '/outbox', {_ACTOR}, 'public', 0, 1, 1, {_NEVER} + n FROM {_EACH};
INSERT INTO practice(actor, local, host, slug, name, summary, domain, level, place, coalition, created)
SELECT {_ACTOR}, 0, {_HOST}, 'p', 'P', '', 'housing', 'city', '', '', n FROM {_EACH};
INSERT INTO following(target, address, host, follow, state, asked, repeat_at)
SELECT {_ACTOR}, {_ACTOR}, {_HOST}, 'f' || n, 'accepted', 1, {_NEVER} + n FROM {_EACH};
INSERT INTO follower(actor, target, follow, inbox, host, at)
SELECT {_ACTOR}, 'https://another.example/' || n % 7, 'f' || n, {_ACTOR} || '/inbox', {_HOST}, n FROM {_EACH};
INSERT INTO inbox(url, set_key, host, acked, wants)
SELECT {_ACTOR} || '/inbox', -(n % 500) - 1, {_HOST}, 0, CASE WHEN n % 4 = 0 THEN n END FROM {_EACH};
INSERT INTO need(kind, url, because, due) SELECT 'object', {_ACTOR} || '/x', 'x', {_NEVER} + n FROM {_EACH};
INSERT INTO key_miss(id, until, reason) SELECT {_ACTOR} || '#x', {_NEVER} + n, 'unknown-key' FROM {_EACH};
INSERT INTO key_fetch(host, id, at) SELECT {_HOST}, 'x', {_NEVER} + n FROM {_EACH};
INSERT INTO session(id, member, agent, created, seen, expires)
  SELECT decode(md5(n::text), 'hex'), '', '', 1, 1, {_NEVER} + n FROM {_EACH};
INSERT INTO activity(id, digest, actor, type, object, proof, carrier, at, raw)
SELECT {_ACTOR} || '/a', sha256(n::text::bytea), {_ACTOR}, 'Create', {_ACTOR} || '/i', 1, {_ACTOR}, n, 'x' FROM {_EACH};
INSERT INTO object(id, owner, type, audience, sequence, digest, activity)
SELECT object, actor, 'Article', 'public', 1, digest, id FROM activity WHERE id LIKE '%.example/practices/p/a';
INSERT INTO item(key, id, owner, host, local, name, kind, domain, language, place, summary, published, updated, search)
SELECT key, id, owner, 'x', 0, 'n', 'method', 'd' || key % 40, 'en', '', '', 1, key,
  repeat(md5(key::text), 20)
FROM object WHERE id LIKE '%.example/practices/p/i';
INSERT INTO entry(set_key, seq, activity)
SELECT -n % 40 - 1, n, a.key FROM {_EACH} JOIN activity a ON a.id = {_ACTOR} || '/a';
INSERT INTO tree_id(set_key, digest, seq) SELECT set_key, digest, seq FROM logged WHERE set_key < 0;
INSERT INTO tree_node(set_key, prefix, hashes, counts) SELECT -n % 40 - 1, 'p' || n, '', '' FROM {_EACH};
INSERT INTO head(name, epoch, seq, total, root, tag, raw) SELECT 'h' || n, 1, n, n, '', '', '' FROM {_EACH};
INSERT INTO tree_left(set_key, digest) SELECT -n % 40 - 1, sha256(n::text::bytea) FROM {_EACH};
INSERT INTO adaptation(original, item) SELECT 'o' || n, 'i' || n FROM {_EACH};
INSERT INTO lineage(item, original, how) SELECT 'i' || n, 'o' || n, 'adapted' FROM {_EACH};
INSERT INTO coaching(id, coach, adaptation, digest, at) SELECT 'c' || n, 'a' || n, 'i' || n, '', n FROM {_EACH};
INSERT INTO coaching_request(id, practice, coach, adaptation, words, state, at)
SELECT 'r' || n, 'p' || n, 'a' || n, 'i' || n, '', 'asked', n FROM {_EACH};
INSERT INTO recommendation(object, actor, activity, at) SELECT 'o' || n, 'a' || n, 'x', n FROM {_EACH};
INSERT INTO actor_voided(actor, at, digest) SELECT 'a' || n, n, sha256(n::text::bytea) FROM {_EACH};
INSERT INTO member(id, name, email, state, joined)
SELECT 'm' || n, 'Name ' || n, n || '@x.example', 'active', n FROM {_EACH};
INSERT INTO role(member, practice, role, since) SELECT 'm' || n, 'p' || n % 200, 'member', n FROM {_EACH};
INSERT INTO wish(once, until) SELECT 'w' || n, {_NEVER} + n FROM {_EACH};
INSERT INTO audit(at, member, via, act, practice, subject)
SELECT n, 'm' || n, 'page', 'item.edit', 'p' || n % 200, 'x' FROM {_EACH};
INSERT INTO setting(name, value) SELECT 's' || n, '1' FROM {_EACH};
INSERT INTO invitation(id, seal, practice, role, member, note, made_by, made, expires, left_uses)
SELECT 'i' || n, sha256(n::text::bytea), '', 'member', '', '', '', 1, {_NEVER} + n, 1 FROM {_EACH};
INSERT INTO sign_in_failure(what, at) SELECT 'account ' || n, {_NEVER} + n FROM {_EACH};
INSERT INTO access_token(id, seal, member, name, scopes, made, expires)
SELECT 't' || n, sha256(n::text::bytea), 'm' || n, 't', 'read', 1, {_NEVER} + n FROM {_EACH};
INSERT INTO profile(member, actor, handle, shows, published)
SELECT 'm' || n, 'https://here.example/people/m' || n, 'm' || n, '[]', 1 FROM {_EACH};
INSERT INTO organisation(id, name, folded, sector, place, made)
SELECT 'o' || n, 'O' || n, 'o' || n, '', '', 1 FROM {_EACH};
INSERT INTO affiliation(member, organisation, title, since)
SELECT 'm' || n, 'o' || n % 300, '', '2020-01-31' FROM {_EACH};
INSERT INTO awaited(member, practice, role, organisation, title, since)
SELECT 'm' || n, 'p', '', 'O', '', '' FROM {_EACH};
INSERT INTO import_table(id, kind, name, state, made_by, via, made, headings, columns, said)
SELECT 'i' || n, 'members', '', 'done', 'm' || n, 'page', {_NEVER} + n, '[]', '{{}}', '' FROM {_EACH};
INSERT INTO import_row(import, number, cells, state) SELECT 'i' || n % 40, n, '', 'made' FROM {_EACH};
INSERT INTO crossing(id, item, practice, kind, member, organisation, day, note, made)
SELECT 'c' || n, 'i' || n, 'p' || n % 200, 'applied', 'm' || n, 'o' || n % 300, '2026-01-31', '', 1 FROM {_EACH};
INSERT INTO practice_version(practice, at, changed_by, reason, said)
SELECT 'p' || n % 200, n, 'm' || n, 'x', '{{}}' FROM {_EACH};
INSERT INTO part(parent, child, state, at) SELECT 'p' || n % 200, 'c' || n, 'known', n FROM {_EACH};
INSERT INTO split(child, parent, at) SELECT 'c' || n, 'p' || n % 200, n FROM {_EACH};
INSERT INTO split_answer(member, child, at) SELECT 'm' || n, 'c' || n, n FROM {_EACH};
INSERT INTO noted_group(id, name, kind, domain, level, located, url, note, noted_by, at, claimed)
SELECT 'g' || n, 'G' || n, 'association', 'housing', 'city', '{{}}', '', '', 'm' || n, n, '' FROM {_EACH};
INSERT INTO findable(id, kind, name, domain, level, place, geonames, latitude, longitude)
SELECT 'g' || n, 'group', 'G' || n, 'd' || n % 40, 'city', 'P' || n % 100, n % 400 + 1, n * 100, n * 100 FROM {_EACH};
INSERT INTO findable_within(code, id) SELECT 'US-' || n % 50, 'g' || n FROM {_EACH};
INSERT INTO translation(id, other, item) SELECT 'i' || n, 'i' || n + 1, 'i' || n FROM {_EACH};
INSERT INTO item_version(item, sequence, at, version, digest, said)
SELECT 'i' || n % 400, n, n, '', sha256(n::text::bytea), '{{}}' FROM {_EACH};
INSERT INTO kept_item(id, author, practice, audience, title, said, made, changed)
SELECT 'k' || n, 'm' || n % 300, 'p' || n % 200, 'draft', 'K' || n, '{{}}', n, n FROM {_EACH};
INSERT INTO passkey(id, member, name, key, count, made)
SELECT 'k' || n, 'm' || n % 300, 'K', sha256(n::text::bytea), 0, n FROM {_EACH};
INSERT INTO saved_search(id, member, name, query, secret, made)
SELECT 's' || n, 'm' || n % 300, 'S' || n, 'q=x', 'x' || n, n FROM {_EACH};
INSERT INTO item_gone(key, changed) SELECT n, n FROM {_EACH};
INSERT INTO practice_seat(id, practice, kind, name, folded, made)
SELECT 's' || n, 'p' || n % 200, 'sector', 'public', 'public', n FROM {_EACH};
INSERT INTO trust(id, kind, issuer, subject, subject_key, domain, level, since, grounds, links, starts, ends, sequence,
  digest, home, fault, gone, passed, said, changed)
SELECT 't' || n, 'cw:TrustStatement', {_ACTOR}, 'https://h' || n % 300 || '.example/practices/p', '', 'housing', 'met',
  '', '', '', 1, {_NEVER}, n, '', 0, '', 0, 0, n, n FROM {_EACH};
INSERT INTO message(id, thread, author, writer, recipient, about, said, help, at)
SELECT 'm' || n, 'm' || n, {_ACTOR}, '', 'member:m' || n % 300, '', 'Hello', 0, n FROM {_EACH};
INSERT INTO message_block(owner, blocked, at) SELECT 'member:m' || n, 'x', n FROM {_EACH};
INSERT INTO digest(member, every, due, told, secret) SELECT 'm' || n, 'week', {_NEVER} + n, 1, 's' || n FROM {_EACH};
INSERT INTO care(member, practice, words, shown) SELECT 'm' || n, 'p' || n % 200, 'x', 1 FROM {_EACH};
INSERT INTO refusal(inbox_key, activity, status, reason, at) SELECT -n, 'x', 400, 'x', n FROM {_EACH};
"""


def fill(url: str) -> None:
    """Fill a migrated database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FILL.encode())
        connection.execute("VACUUM ANALYZE")
        tables = connection.execute("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND relnamespace ="
                                    " current_schema()::regnamespace").fetchall()  # fmt: skip
    small = {name for name, rows in tables if rows < MANY}
    assert small == ONE_ROW, "a table that is empty here says nothing of the plans of its statements"
