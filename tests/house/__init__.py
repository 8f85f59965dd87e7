"""What a change costs: each kind of change that the developer's guide describes is made on a copy of the project, what
concerns it is tested there, and the files that it touched are held against those that the guide names.
"""
