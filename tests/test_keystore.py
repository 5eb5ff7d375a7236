"""The keystore on a real disk: who may read it, what a cut leaves behind, rotation, tokens."""

import os
import stat
from pathlib import Path

import pytest

from node import private_files
from node.keystore import ROOT_KEY_FILE, Keystore, KeystoreError, read_root_key, root_key_text

ACTOR = "https://highpoint.example/practices/gun-violence"
OTHER = "https://highpoint.example/actor"


@pytest.fixture(name="directory")
def _directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(name="keystore")
def _keystore(directory: Path) -> Keystore:
    return Keystore.create(directory)[0]


def test_a_new_keystore_is_private(directory: Path, keystore: Keystore) -> None:
    keystore.create_actor(ACTOR)
    assert stat.S_IMODE((directory / "keys").stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (directory / "keys").iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_keys_survive_a_restart_and_sign(directory: Path, keystore: Keystore) -> None:
    keystore.create_actor(ACTOR)
    keystore.create_actor(OTHER)
    again = Keystore.open(directory)
    assert again.actors() == tuple(sorted((ACTOR, OTHER)))
    for kind in ("ed25519", "rsa"):
        held = again.active(ACTOR, kind)
        assert held.id == f"{ACTOR}#{kind}-1"
        assert held.key.public == keystore.active(ACTOR, kind).key.public
        assert held.key.public.verify(held.key.sign(b"words"), b"words")
    assert (again.ed25519_id(ACTOR), again.rsa_id(ACTOR)) == (f"{ACTOR}#ed25519-1", f"{ACTOR}#rsa-1")
    assert again.ed25519(ACTOR).public != again.ed25519(OTHER).public
    assert again.ed25519(ACTOR) is again.ed25519(ACTOR), "a loaded key stays in memory"


def test_an_actor_has_keys_once(keystore: Keystore) -> None:
    keystore.create_actor(ACTOR)
    with pytest.raises(KeystoreError, match="has keys already"):
        keystore.create_actor(ACTOR)
    with pytest.raises(KeystoreError, match="has no ed25519 key"):
        keystore.ed25519(OTHER)


def test_another_process_sees_a_new_actor(directory: Path, keystore: Keystore) -> None:
    running = Keystore.open(directory)
    keystore.create_actor(ACTOR)
    assert running.rsa(ACTOR).public == keystore.rsa(ACTOR).public


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_that_others_can_read_stops_the_start(directory: Path, keystore: Keystore, mode: int) -> None:
    keystore.create_actor(ACTOR)
    path = next(path for path in (directory / "keys").iterdir() if path.name.endswith("ed25519-1"))
    path.chmod(mode)
    with pytest.raises(KeystoreError, match=f"run  chmod 600 {path}"):
        Keystore.open(directory)
    path.chmod(0o600)
    Keystore.open(directory)


def test_a_folder_that_others_can_enter_stops_the_start(directory: Path, keystore: Keystore) -> None:
    assert keystore.root_public()
    (directory / "keys").chmod(0o755)
    with pytest.raises(KeystoreError, match="chmod 700"):
        Keystore.open(directory)


def test_a_root_key_that_others_can_read_stops_the_start(directory: Path) -> None:
    keystore, root = Keystore.create(directory)
    keystore.leave_root_key(root).chmod(0o644)
    with pytest.raises(KeystoreError, match="chmod 600"):
        Keystore.open(directory)


def test_a_link_to_a_key_is_refused(directory: Path, keystore: Keystore, tmp_path: Path) -> None:
    keystore.create_actor(ACTOR)
    path = next(path for path in (directory / "keys").iterdir() if path.name.endswith("rsa-1"))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeystoreError, match="symbolic link"):
        Keystore.open(directory)


def test_no_second_root(directory: Path, keystore: Keystore) -> None:
    before = keystore.root_public()
    with pytest.raises(KeystoreError, match="not replaced"):
        Keystore.create(directory)
    assert Keystore.open(directory).root_public() == before


def test_no_keystore_says_so(directory: Path) -> None:
    with pytest.raises(KeystoreError, match="There are no keys"):
        Keystore.open(directory)


def test_the_root_key_is_given_away(directory: Path) -> None:
    keystore, root = Keystore.create(directory)
    assert keystore.root_public() == root.public.did()
    assert not keystore.root_key_present()
    assert all(root.secret not in path.read_bytes() for path in (directory / "keys").iterdir())
    assert read_root_key(root_key_text(root) + "\n") == root
    path = keystore.leave_root_key(root)
    assert path == directory / ROOT_KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keystore.root_key_present()
    assert read_root_key(path.read_text()) == root


def test_anothers_root_key_is_not_kept(directory: Path, tmp_path: Path) -> None:
    keystore, _ = Keystore.create(directory)
    _, foreign = Keystore.create(tmp_path / "other")
    with pytest.raises(KeystoreError, match="not this node's root key"):
        keystore.leave_root_key(foreign)


@pytest.mark.parametrize("text", ["", "z", "hello", "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"])
def test_what_is_no_root_key(text: str) -> None:
    with pytest.raises(KeystoreError) as caught:
        read_root_key(text)
    assert not text or len(text) == 1 or text not in str(caught.value)


def test_rotation_keeps_the_old_key_until_it_has_signed(directory: Path, keystore: Keystore) -> None:
    keystore.create_actor(ACTOR)
    old = keystore.active(ACTOR, "ed25519")
    coming = keystore.begin_rotation(ACTOR, "ed25519")
    assert coming.id == f"{ACTOR}#ed25519-2"
    assert keystore.active(ACTOR, "ed25519").id == old.id
    # The machine stops here; the rotation goes on with the same key.
    restarted = Keystore.open(directory)
    assert restarted.active(ACTOR, "ed25519").id == old.id
    assert restarted.begin_rotation(ACTOR, "ed25519").key == coming.key
    held = os.open(next((directory / "keys").glob("*.ed25519-1")), os.O_RDONLY)
    try:
        assert restarted.finish_rotation(ACTOR, "ed25519").id == coming.id
        assert set(os.read(held, 10_000)) == {0}, "the old secret is overwritten before it is unlinked"
    finally:
        os.close(held)
    assert list((directory / "keys").glob("*.ed25519-1")) == []
    third = Keystore.open(directory)
    assert third.active(ACTOR, "ed25519").id == coming.id
    assert third.active(ACTOR, "rsa").id == f"{ACTOR}#rsa-1"
    assert third.begin_rotation(ACTOR, "ed25519").id == f"{ACTOR}#ed25519-3"


def test_no_rotation_ends_that_never_began(keystore: Keystore) -> None:
    keystore.create_actor(ACTOR)
    with pytest.raises(KeystoreError, match="No rotation"):
        keystore.finish_rotation(ACTOR, "rsa")
    assert keystore.active(ACTOR, "rsa").id == f"{ACTOR}#rsa-1"


def test_a_cut_while_an_actor_is_made_is_mended(directory: Path, keystore: Keystore) -> None:
    keystore.create_actor(ACTOR)
    next((directory / "keys").glob("*.ed25519-1")).unlink()  # the power failed between the two files
    (directory / "keys" / ".new-abc").write_bytes(b"half")
    (directory / "keys" / ".new-abc").chmod(0o600)
    restarted = Keystore.open(directory)
    with pytest.raises(KeystoreError, match="has no ed25519 key"):
        restarted.ed25519(ACTOR)
    restarted.create_actor(ACTOR)
    assert restarted.rsa(ACTOR).public == keystore.rsa(ACTOR).public


@pytest.mark.parametrize("content", [b"", b"{}", b'{"actor":"a","kind":"ed25519","number":1,"secret":"c2hvcnQ="}'])
def test_a_damaged_key_is_named_and_not_quoted(directory: Path, keystore: Keystore, content: bytes) -> None:
    keystore.create_actor(ACTOR)
    path = next((directory / "keys").glob("*.ed25519-1"))
    path.write_bytes(content)
    with pytest.raises(KeystoreError) as caught:
        Keystore.open(directory).ed25519(ACTOR)
    assert "c2hvcnQ" not in str(caught.value)


def test_no_secret_shows_itself(keystore: Keystore) -> None:
    keystore.create_actor(ACTOR)
    key = keystore.ed25519(ACTOR)
    shown = f"{keystore!r} {key!r} {keystore.active(ACTOR, 'ed25519')!r}"
    assert repr(key.secret)[2:-1] not in shown
    assert key.secret.hex() not in shown


def test_tokens(keystore: Keystore) -> None:
    token = keystore.mint_token(1_700_000_000_000, "01hf")
    assert token.startswith("cw1.1700000000000.01hf.")
    assert keystore.check_token(token)
    for wrong in ("", "cw1", token[:-1], token + "A", token.replace("01hf", "01hg"), token.replace("cw1", "cw2"), "é"):
        assert not keystore.check_token(wrong), wrong
    changed = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
    assert not keystore.check_token(changed)


@pytest.mark.parametrize("bad", ["", "a.b", "a b", "x" * 65])
def test_a_token_id_that_would_break_the_form(keystore: Keystore, bad: str) -> None:
    with pytest.raises(ValueError, match="a token's id"):
        keystore.mint_token(1, bad)


def test_a_running_node_notices_revocation(directory: Path, keystore: Keystore) -> None:
    running = Keystore.open(directory)
    token = keystore.mint_token(1, "a")
    assert running.check_token(token)
    keystore.revoke_tokens()
    assert not running.check_token(token)
    assert running.check_token(keystore.mint_token(2, "b"))


def test_a_private_file_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    private_files.create(path, b"first")
    with pytest.raises(private_files.PrivateFileError, match="is there already"):
        private_files.create(path, b"second")
    assert private_files.read(path) == b"first"
    private_files.write(path, b"third")
    assert private_files.read(path) == b"third"
    assert [each.name for each in tmp_path.iterdir()] == ["secret"], "no temporary file stays"
    with pytest.raises(private_files.PrivateFileError, match="cannot be written"):
        private_files.write(tmp_path / "absent" / "secret", b"x")
    with pytest.raises(private_files.PrivateFileError, match="cannot be read"):
        private_files.read(tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    with pytest.raises(private_files.PrivateFileError, match="cannot be written"):
        private_files.write(tmp_path / "folder", b"x")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "secret"]
    private_files.destroy(path)
    assert not path.exists()
