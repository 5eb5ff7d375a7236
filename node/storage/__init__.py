"""One contract, two engines (contract.py): transactions, snapshots, sets. Nothing above this room knows which."""
