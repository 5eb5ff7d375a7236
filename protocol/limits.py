"""Every limit of the wire, each with its reason (protocol section 9). Bytes, counts and milliseconds."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Documents
BODY_BYTES = 1024 * 1024  # decoded; the largest honest activity (256 KiB content, its source, escapes) fits
ACTIVITY_BYTES = BODY_BYTES - 16 * 1024  # so that a log page can always carry one activity and its frame
NESTING = 32  # ActivityStreams needs about eight; parsers of others fail near 1,000
INTEGER_DIGITS = 16  # 2^53-1 has 16 digits: no number token that could be an integer is longer
MAX_INTEGER = 2**53 - 1  # RFC 7493 section 2.2
NAME_CHARACTERS = 300
CONTENT_BYTES = 256 * 1024
TEXT_CHARACTERS = 20_000  # a cw: prose field such as cw:principle
RECIPIENTS = 100  # `to` and `cc` together; also tags and lineage links
ID_CHARACTERS = 2_048  # what every HTTP server and database index carries
CONTEXTS = 10

# Keys
ACTIVE_KEYS = 10  # of one actor; more is a way to make us try signatures
KEY_HISTORY = 1_000  # retired keys are never dropped; a monthly rotation for 80 years
RSA_MIN_BITS = 2_048
RSA_MAX_BITS = 8_192  # checking a larger one costs whole milliseconds
ROOT_WAIT = 72 * HOUR  # a change signed by the root alone is shown to stewards first
VOIDED_DOCUMENTS = 100  # of one actor, the latest, looked through at each document of it that comes
KEY_REFETCH = 5 * MINUTE  # once a key in this time, whatever arrives
KEY_FETCHES_A_HOST = 5  # within KEY_FETCH_WINDOW (CVE-2026-34148)
KEY_FETCH_WINDOW = 10 * SECOND
KEY_FETCH_PATIENCE = 10 * SECOND  # then 503

# HTTP signatures
SIGNATURE_WINDOW = 5 * MINUTE
LEGACY_WINDOW_BACK = HOUR
SIGNATURE_HEADER_BYTES = 8_192
SIGNATURES_A_REQUEST = 4

# Requests
# Activities of one host being judged at once, a process; more get 429. One group of commits: so much of one host may
# stand before another's. Ours sends 4 (IN_FLIGHT_A_HOST), a busy Mastodon 25; a backfill is pulled.
INBOUND_A_HOST = 64
BODY_TIMEOUT = 30 * SECOND  # for a whole body to arrive: 1 MiB at 35 kB/s

# States
FUTURE_SEQUENCE = DAY  # a sequence further ahead of our clock could never be superseded by an honest node
FUTURE_WAIT = 30 * DAY  # what a log has further ahead than this is no clock that runs fast: it is not waited for

# Waiting for a key, in memory only
WAITING_REQUESTS = 256
WAITING_BYTES = 16 * 1024 * 1024
WAITING_A_HOST = 4

# Fetching
REDIRECTS = 3
CONNECT_TIMEOUT = 5 * SECOND
READ_TIMEOUT = 10 * SECOND
FETCH_TIMEOUT = 30 * SECOND
FETCHES_AN_ACTIVITY = 20
CRAWL_PAGES = 10_000
CRAWL_ITEMS = 1_000_000

# Logs, heads, trees
LOG_PAGE_ITEMS = 100
LEAF_IDS = 16  # protocol section 8: a prefix with at most 16 ids is a leaf
TREE_PREFIXES = 256
ACTIVITIES_A_REQUEST = 100
PRACTICES_A_NODE = 500  # sets held of one node that is followed whole: it names them itself, and each is pulled hourly

# Delivery (protocol section 8, Push)
BACKOFF = (0, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR)
DORMANT_AFTER = 7 * DAY
DORMANT_CHECK = DAY
IN_FLIGHT_A_HOST = 4
LEASE = MINUTE  # outlives the longest request (FETCH_TIMEOUT)
FOLLOW_REPEAT = 7 * DAY  # mends lost edges; a Follow is idempotent
