"""A valid sending of every act by which the coalition is settled."""

from tests.security.scene import Act, Scene, Sending


async def _place(scene: Scene) -> Sending:
    return "/settings/place", {"name": scene.word("We"), "place": "", "about": "", "language": "en"}


async def _cares(scene: Scene) -> Sending:
    return "/settings/cares", {"d-housing": "yes"} if scene.number % 2 else {"d-health": "yes"}


async def _reach(_scene: Scene) -> Sending:
    return "/settings/reach", {}


async def _second(scene: Scene) -> Sending:
    return "/settings/second", {"note": scene.word("second")}


async def _pass(scene: Scene) -> Sending:
    await scene.here.running.storage.transact(lambda tx: tx.run("DELETE FROM setting WHERE name = 'welcome'"))
    return "/settings/reach/pass", {}


async def _over(scene: Scene) -> Sending:
    await scene.here.running.storage.transact(lambda tx: tx.run("DELETE FROM setting WHERE name = 'welcome'"))
    return "/settings/over", {}


async def _mail(_scene: Scene) -> Sending:
    return "/settings/mail", {
        "host": "127.0.0.1", "port": "1", "security": "none", "sender": "a@a.example", "to": "b@b.example",
    }  # fmt: skip


async def _forget(scene: Scene) -> Sending:
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO setting(name, value) VALUES('mailbox',"
            ' \'{"host":"a","port":1,"security":"tls","sender":"a@a.example"}\') ON CONFLICT(name) DO NOTHING'
        )
    )
    return "/settings/mail/forget", {}


SETTLING: dict[str, Act] = {
    "/settings/place": Act(_place),
    "/settings/cares": Act(_cares),
    "/settings/reach": Act(_reach),
    "/settings/second": Act(_second, shows=True),
    "/settings/{step}/pass": Act(_pass),
    "/settings/over": Act(_over),
    "/settings/mail": Act(_mail, elsewhere="tests/coalition/settling/test_letters.py"),
    "/settings/mail/forget": Act(_forget),
}
